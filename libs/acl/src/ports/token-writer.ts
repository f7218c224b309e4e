import type { SecretText, StateIndex } from '@banyan/kernel';
import type { InitialToken } from '../domain/initial-tokens.js';
import type { IndexedTokenRecord } from '../domain/token-record.js';
import type { TokenDraft } from '../domain/wire-token.js';

/** On whose behalf a write is made: a secondary forwards the token, so that the primary authorizes it again. */
export interface WriteContext {
  readonly token: SecretText;
  readonly accessorId: string;
}

/** A token just made: the only moment at which its secret can be shown. */
export interface CreatedToken {
  readonly record: IndexedTokenRecord;
  readonly secret: SecretText;
  readonly index: StateIndex;
}

/** What {@link TokenWriter.update} replaces. */
export type TokenChange = Pick<TokenDraft, 'role' | 'description'>;

/** A token as it is since it was changed. */
export interface UpdatedToken {
  readonly record: IndexedTokenRecord;
  readonly index: StateIndex;
}

/** Where tokens are written: the store in the primary, the WAN in a secondary. */
export abstract class TokenWriter {
  /** Makes a token. Throws `CONFLICT` when the accessor or the secret is taken, `REQUEST_INVALID` for a bad secret. */
  abstract create(context: WriteContext, draft: TokenDraft): Promise<CreatedToken>;
  /**
   * Makes the first management token, with the given or a drawn secret. Throws `ACL_BOOTSTRAP_DONE` as soon as any
   * management token exists; of several callers at once exactly one succeeds.
   */
  abstract bootstrap(secret?: SecretText): Promise<CreatedToken>;
  /**
   * Gives a token another role and description; its secret stays. Throws `TOKEN_NOT_FOUND`, and `CONFLICT` when it is the
   * last management token and would be none any more.
   */
  abstract update(context: WriteContext, accessorId: string, change: TokenChange): Promise<UpdatedToken>;
  /** Deletes a token. Throws `TOKEN_NOT_FOUND`. */
  abstract delete(context: WriteContext, accessorId: string): Promise<StateIndex>;
  /**
   * First start: stores the tokens of the tokens file if the store has no token yet, all or none. Otherwise nothing
   * happens, so that a token deleted since then does not come back. `stored` counts what was written.
   */
  abstract import(tokens: readonly InitialToken[]): Promise<{ readonly stored: number; readonly index: StateIndex }>;
}
