import { parseSpiffeId, type ServiceId } from '@banyan/identity';
import { BanyanError, isBanyanError } from '@banyan/kernel';
import { z } from 'zod';

const schema = z.strictObject({
  target: z.string().max(128).default(''),
  clientcerturi: z.string().max(2_048).default(''),
  clientcertserial: z.string().max(256).optional(),
  namespace: z.enum(['', 'default']).optional(),
  partition: z.enum(['', 'default']).optional(),
});

export interface AuthorizeRequest {
  readonly target: string;
  readonly source: ServiceId;
}

/**
 * Parses the body of `POST /v1/agent/connect/authorize` (contract §2.3): keys in any case. Throws `REQUEST_INVALID` or
 * `CONNECT_ID_INVALID` with the texts clients know. Trust domain and datacenter of the URI are the TLS layer's concern.
 */
export const parseAuthorizeRequest = (body: Uint8Array | undefined): AuthorizeRequest => {
  const text = body === undefined ? '' : Buffer.from(body).toString('utf8');
  if (text.trim() === '') throw new BanyanError('REQUEST_INVALID', 'Request decode failed: EOF');
  const parsed = schema.safeParse(lowerKeys(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const detail = issue?.code === 'unrecognized_keys' ? `unknown field "${issue.keys[0]}"` : String(issue?.message);
    throw new BanyanError('REQUEST_INVALID', `Request decode failed: json: ${detail}`);
  }
  const { target, clientcerturi: uri } = parsed.data;
  if (target === '') throw new BanyanError('REQUEST_INVALID', 'Target service must be specified');
  const source = connectId(uri);
  if (source.kind !== 'service')
    throw new BanyanError('CONNECT_ID_INVALID', 'ClientCertURI not a valid Service identifier');
  return { target, source };
};

const lowerKeys = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BanyanError('REQUEST_INVALID', 'Request decode failed: json: invalid syntax', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toLowerCase(), member]));
};

const connectId = (uri: string) => {
  try {
    return parseSpiffeId(uri);
  } catch (error) {
    if (!isBanyanError(error, 'SPIFFE_ID_INVALID')) throw error;
    throw new BanyanError('CONNECT_ID_INVALID', 'ClientCertURI not a valid Connect identifier');
  }
};
