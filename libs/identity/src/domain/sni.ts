/**
 * The TLS server name that reaches a service, also through the mesh gateways of other datacenters:
 * `<service>.default.<dc>.internal.<trust domain>`.
 */
export const serviceSni = (of: { service: string; datacenter: string; trustDomain: string }): string =>
  `${of.service}.default.${of.datacenter}.internal.${of.trustDomain}`;
