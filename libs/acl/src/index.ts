export { ANONYMOUS, ANONYMOUS_ACCESSOR_ID, type Caller, type Role } from './domain/caller.js';
export { type InitialToken, parseInitialTokens } from './domain/initial-tokens.js';
export { describePermission, type Permission } from './domain/permission.js';
export { type PermissionVerdict, permits, requirePermission } from './domain/permits.js';
export { parseRole, roleSchema } from './domain/role-schema.js';
export { hashSecret, type IndexedTokenRecord, type TokenRecord } from './domain/token-record.js';
export {
  type TokenBody,
  tokenBodySchema,
  type TokenDraft,
  tokenDraftOf,
  toWireToken,
  type WireToken,
} from './domain/wire-token.js';
export { AccessResolver } from './ports/access-resolver.js';
export { TokenReader } from './ports/token-reader.js';
export {
  type CreatedToken,
  type TokenChange,
  TokenWriter,
  type UpdatedToken,
  type WriteContext,
} from './ports/token-writer.js';
export { StoreTokenWriter, type StoreTokenWriterParts } from './adapters/store-token-writer.js';
export { TokenProjection } from './adapters/token-projection.js';
export { tokenReplica } from './adapters/token-replica.js';
export { TokenRow } from './adapters/token-row.js';
