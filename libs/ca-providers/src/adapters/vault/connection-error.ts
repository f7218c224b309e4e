import { BanyanError, isBanyanError, messageOf } from '@banyan/kernel';
import { errorText } from '../../domain/error-name.js';

/** What is said of an answer that no Vault gives. */
export const TOO_LARGE = 'the answer is over 1 MiB: this is no Vault';

/** What each failure of a TLS handshake asks for. */
const TLS_FIXES: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is not trusted: give its CA in CAFile'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate is not trusted: give its CA in CAFile'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate is not trusted: give its CA in CAFile'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'its certificate is not trusted: give its CA in CAFile'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its certificate is not trusted: give its CA in CAFile'],
  ['CERT_SIGNATURE_FAILURE', 'its certificate is not signed by the CA in CAFile'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired: renew it'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet: compare the clocks'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for other names: correct Address or give TLSServerName'],
]);

/** A failure below HTTP as a coded error. Trust is a setting (`PROVIDER_REFUSED`); the rest is the network. */
export const connectionError = (
  error: unknown,
  { host, timedOut }: { readonly host: string; readonly timedOut: boolean },
): BanyanError => {
  if (isBanyanError(error)) return error;
  const options = { cause: error, fields: { host } };
  if (timedOut) return new BanyanError('PROVIDER_UNREACHABLE', `Vault at ${host} does not answer in time`, options);
  const code = errorText(error, 'code');
  const fix = TLS_FIXES.get(code);
  if (fix !== undefined) return new BanyanError('PROVIDER_REFUSED', `Vault at ${host} is not called: ${fix}`, options);
  if (code === 'EPROTO') {
    const text = `Vault at ${host} does not speak TLS, or refuses this side's certificate (CertFile): ${messageOf(error)}`;
    return new BanyanError('PROVIDER_REFUSED', text.replaceAll(/\s+/g, ' ').slice(0, 300), options);
  }
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_OSSL')) {
    return new BanyanError('PROVIDER_REFUSED', `TLS with Vault at ${host} fails (${code})`, options);
  }
  return new BanyanError(
    'PROVIDER_UNREACHABLE',
    `Vault at ${host} is not reached: ${code || messageOf(error)}`,
    options,
  );
};
