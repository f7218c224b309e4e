import { hostPort, path, required, secret } from '@banyan/settings';
import { z } from 'zod';
import { serverSettingsShape } from '../core/server-settings.js';

/** The anchor of trust, the same for secondaries and agents. */
export const anchorSettingsShape = {
  BANYAN_ROOT_FINGERPRINT: z
    .string()
    .max(128)
    .optional()
    .describe('SHA-256 fingerprint of the root that must stand above the server first met.'),
  BANYAN_ROOT_FINGERPRINT_FILE: path().describe('File with that fingerprint; waited for when it is not there yet.'),
  BANYAN_CA_FILE: path().describe('File with the roots in PEM, instead of a fingerprint.'),
} as const;

export const secondarySettings = z.object({
  ...serverSettingsShape,
  ...anchorSettingsShape,
  BANYAN_PRIMARY_DATACENTER: required().describe('Name of the primary datacenter.'),
  BANYAN_PRIMARY_WAN_ADDRESS: hostPort()
    .transform(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
    .describe('host:port of the WAN gRPC of the primary.'),
  BANYAN_REPLICATION_TOKEN: secret().describe('Replication token bound to this datacenter.'),
  BANYAN_REPLICATION_TOKEN_PATH: path().describe('Set from BANYAN_REPLICATION_TOKEN_FILE; read anew before each use.'),
});
export type SecondarySettings = Readonly<z.output<typeof secondarySettings>>;
