import { BanyanError } from '@banyan/kernel';
import type { Session } from '../../session/session.js';
import { tokenShape, tokensShape, type WireToken } from '../../wire/token-shapes.js';

const UUID_LENGTH = 36;

/** The route of one token. */
export const tokenPath = (accessor: string): string => `/v1/acl/token/${encodeURIComponent(accessor)}`;

/**
 * The token of an accessor, or of the beginning of one. Throws `TOKEN_NOT_FOUND`, and `CONFIG_INVALID` when several begin so.
 */
export const findToken = async ({ api }: Session, accessor: string): Promise<WireToken> => {
  if (accessor.length >= UUID_LENGTH) return api.get(tokenPath(accessor), tokenShape);
  const tokens = await api.get('/v1/acl/tokens', tokensShape);
  const [found, ...others] = tokens.filter(({ AccessorID }) => AccessorID.startsWith(accessor.toLowerCase()));
  if (others.length > 0) {
    throw new BanyanError('CONFIG_INVALID', `${others.length + 1} accessors begin with ${accessor}: give more of it`);
  }
  if (found !== undefined) return found;
  throw new BanyanError('TOKEN_NOT_FOUND', `no accessor begins with ${accessor}`, {
    fields: { next: '`banyan token list` names them' },
  });
};
