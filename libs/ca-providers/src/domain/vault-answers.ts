import { BanyanError } from '@banyan/kernel';
import { z } from 'zod';

/** One call below `/v1/`. */
export interface VaultCall {
  readonly method: 'GET' | 'POST' | 'LIST' | 'DELETE';
  /** Without a leading slash. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** What the policy must allow, when that is more than the method shows. */
  readonly capabilities?: readonly string[];
}

/** An answer of any status. */
export interface VaultAnswer {
  readonly status: number;
  /** Parsed JSON; undefined for an empty body. */
  readonly body: unknown;
}

const errorBody = z.object({ errors: z.array(z.string()) });
const CAPABILITY = { GET: 'read', POST: 'update', LIST: 'list', DELETE: 'delete' } as const;
const TOO_LONG = 300;

/** What Vault says went wrong, on one line. */
export const vaultErrors = ({ body }: VaultAnswer): string => {
  const parsed = errorBody.safeParse(body);
  const said = parsed.success ? parsed.data.errors.join('; ') : '';
  return said.replaceAll(/\s+/g, ' ').replaceAll('* ', '').trim().slice(0, TOO_LONG);
};

/** Whether the answer says that nothing is at a path (and not that no engine is mounted there). */
export const isAbsent = (answer: VaultAnswer): boolean => answer.status === 404 && vaultErrors(answer) === '';

/** How the PKI engine answers for an issuer or key that it does not have: with status 500. */
export const isUnknownReference = (answer: VaultAnswer): boolean =>
  answer.status >= 400 && /unable to find PKI (issuer|key) for reference/i.test(vaultErrors(answer));

/**
 * The error for an answer that is none of success: `PROVIDER_UNREACHABLE` where time or an unsealing heals it,
 * `PROVIDER_REFUSED` where somebody has to change a permission or a setting; the message names which.
 */
export const refusalOf = (call: VaultCall, answer: VaultAnswer): BanyanError => {
  const said = vaultErrors(answer);
  const fields = { path: call.path, status: answer.status };
  const fail = (code: 'PROVIDER_UNREACHABLE' | 'PROVIDER_REFUSED', text: string): BanyanError =>
    new BanyanError(code, said === '' ? text : `${text} (Vault says: ${said})`, { fields });
  const { status } = answer;
  if (isUnknownReference(answer)) {
    return fail(
      'PROVIDER_REFUSED',
      `Vault has no such issuer for ${call.path}: it was deleted, or is in another mount`,
    );
  }
  if (status === 503 && /sealed/i.test(said)) return fail('PROVIDER_UNREACHABLE', 'Vault is sealed: unseal it');
  if (status === 501) return fail('PROVIDER_UNREACHABLE', 'Vault is not initialized yet');
  if (status === 429 || status === 412 || status === 472 || status === 473 || status >= 500) {
    return fail('PROVIDER_UNREACHABLE', `Vault cannot answer now, status ${status}, at ${call.path}`);
  }
  if (status === 403) return fail('PROVIDER_REFUSED', deniedText(call));
  if (status === 404 && /no handler for route|route entry not found/i.test(said)) {
    return fail(
      'PROVIDER_REFUSED',
      `no secrets engine is mounted at ${call.path}: enable PKI there, or correct the path in the CA configuration`,
    );
  }
  if ((status === 404 || status === 405) && /unsupported/i.test(said)) {
    return fail('PROVIDER_REFUSED', `this Vault does not know ${call.path}: Vault 1.11, or OpenBao, is needed`);
  }
  return fail('PROVIDER_REFUSED', `Vault refuses ${call.path} with status ${status}`);
};

const deniedText = ({ method, path, capabilities = [CAPABILITY[method]] }: VaultCall): string =>
  `Vault denies ${path}: its policy must allow ${capabilities.join(' and ')} there`;
