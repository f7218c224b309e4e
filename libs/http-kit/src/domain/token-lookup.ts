import { SecretText } from '@banyan/kernel';

/**
 * The secret a request carries, in the contract's order (§0.5): `?token=`, `X-Consul-Token`, `Authorization: Bearer`.
 * Undefined when none is given; what stands in for it (an agent's own token, the anonymous one) is the resolver's choice.
 */
export const tokenOf = (request: {
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}): SecretText | undefined => {
  const text =
    first(request.query['token']) ||
    first(request.headers['x-consul-token']) ||
    bearer(first(request.headers['authorization']));
  return text === undefined || text === '' ? undefined : new SecretText(text);
};

const first = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0];

/** The scheme in any case; only the first word after it is the token. */
const bearer = (value: string | undefined): string | undefined => {
  const [scheme, token] = (value ?? '').trim().split(/\s+/);
  return scheme?.toLowerCase() === 'bearer' ? token : undefined;
};
