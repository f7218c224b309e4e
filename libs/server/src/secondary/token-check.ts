import type { TokenCheck } from '@banyan/http-api';
import { BanyanError, isBanyanError, type SecretText } from '@banyan/kernel';
import type { TokenPreflight } from './token-preflight.js';

/**
 * Asks the primary what a token may do before it takes the place of one that may work. Throws `REQUEST_INVALID` with the
 * scopes it lacks. A primary that cannot be asked is no reason to refuse: the token may be what the way back needs.
 */
export const checkToken = async (preflight: Pick<TokenPreflight, 'ask'>, token: SecretText): Promise<TokenCheck> => {
  const missing = await preflight.ask(token).then(
    ({ scopes }) => scopes.filter((scope) => !scope.allowed),
    (error: unknown) => {
      if (isBanyanError(error)) return error;
      throw error;
    },
  );
  if (missing instanceof BanyanError) {
    return { checked: false, reason: `the primary could not be asked (${missing.code}): ${missing.message}` };
  }
  const [first] = missing;
  if (first === undefined) return { checked: true, reason: '' };
  throw new BanyanError(
    'REQUEST_INVALID',
    `NOT_PERMITTED: for ${first.datacenter} the token lacks ${missing.map(({ scope }) => scope).join(', ')} ` +
      `(${first.reason}). It was not stored; ?force stores it all the same`,
  );
};
