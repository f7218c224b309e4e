import { parseSpiffeId, type ServiceId } from '@banyan/identity';
import { BanyanError, isBanyanError } from '@banyan/kernel';

/** Members of the body by their names in lower case, with the most characters each may have. */
const LIMITS: { readonly [name: string]: number | undefined } = {
  target: 128,
  clientcerturi: 2_048,
  clientcertserial: 256,
  namespace: 7,
  partition: 7,
};

export interface AuthorizeRequest {
  readonly target: string;
  readonly source: ServiceId;
}

/**
 * Parses the body of `POST /v1/agent/connect/authorize` (contract §2.3): keys in any case. Throws `REQUEST_INVALID` or
 * `CONNECT_ID_INVALID` with the texts clients know. Trust domain and datacenter of the URI are the TLS layer's concern.
 */
export const parseAuthorizeRequest = (body: Uint8Array | undefined): AuthorizeRequest => {
  const members = membersOf(body);
  const target = members['target'] ?? '';
  if (target === '') throw new BanyanError('REQUEST_INVALID', 'Target service must be specified');
  for (const name of ['namespace', 'partition']) {
    if (!['', 'default', undefined].includes(members[name]))
      throw invalid(`field "${name}": only "default" exists here`);
  }
  const source = connectId(members['clientcerturi'] ?? '');
  if (source.kind !== 'service')
    throw new BanyanError('CONNECT_ID_INVALID', 'ClientCertURI not a valid Service identifier');
  return { target, source };
};

const invalid = (detail: string, cause?: unknown): BanyanError =>
  new BanyanError('REQUEST_INVALID', `Request decode failed: json: ${detail}`, { cause });

/** By hand, not by a schema library: this is asked for every connection of every proxy on the host. */
const membersOf = (body: Uint8Array | undefined): { readonly [name: string]: string | undefined } => {
  const text = body === undefined ? '' : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  if (text.trim() === '') throw new BanyanError('REQUEST_INVALID', 'Request decode failed: EOF');
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('the body is no object');
  const members: { [name: string]: string } = Object.create(null) as { [name: string]: string };
  for (const [key, member] of Object.entries(value)) {
    const name = key.toLowerCase();
    const limit = Object.hasOwn(LIMITS, name) ? LIMITS[name] : undefined;
    if (limit === undefined) throw invalid(`unknown field "${key.slice(0, 64)}"`);
    if (typeof member !== 'string') throw invalid(`field "${key}": expected a string`);
    if (member.length > limit) throw invalid(`field "${key}": longer than ${limit} characters`);
    members[name] = member;
  }
  return members;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('invalid syntax', cause);
  }
};

const connectId = (uri: string) => {
  try {
    return parseSpiffeId(uri);
  } catch (error) {
    if (!isBanyanError(error, 'SPIFFE_ID_INVALID')) throw error;
    throw new BanyanError('CONNECT_ID_INVALID', 'ClientCertURI not a valid Connect identifier');
  }
};
