import type { WriteContext } from '@banyan/acl';
import type { HttpCall } from '@banyan/http-kit';
import { BanyanError } from '@banyan/kernel';

/** On whose behalf a write is made. Only for callers that passed a permission check: those have a token. */
export const writeContextOf = (call: HttpCall): WriteContext => {
  if (call.token === undefined) throw new BanyanError('INTERNAL', 'an authorized call carries no token');
  return { token: call.token, accessorId: call.caller.accessorId };
};
