import type { ErrorCode } from '@banyan/kernel';

/**
 * The HTTP status of every code of the catalogue; total, so a code cannot be added without deciding it.
 *
 * - 500 is deliberate for most validation failures: existing clients expect it, and a 400 ends their watches for good.
 * - 503 means a dependency is away and the same request may succeed later.
 */
export const ERROR_STATUS = {
  INTERNAL: 500,
  DURATION_INVALID: 400,
  CONFIG_INVALID: 500,
  ABORTED: 503,
  TIMEOUT: 503,

  SPIFFE_ID_INVALID: 400,
  NAME_INVALID: 400,
  TRUST_DOMAIN_INVALID: 400,
  PEM_INVALID: 400,
  DER_INVALID: 400,
  INPUT_TOO_LARGE: 413,
  KEY_UNSUPPORTED: 400,
  KEY_TOO_WEAK: 400,
  KEY_MISMATCH: 400,
  CSR_INVALID: 400,
  CSR_SIGNATURE_INVALID: 400,
  CSR_SAN_INVALID: 400,
  CSR_TRUST_DOMAIN_FOREIGN: 400,
  CSR_DATACENTER_FOREIGN: 400,
  CERTIFICATE_INVALID: 400,
  CERTIFICATE_PROFILE_VIOLATED: 500,
  CHAIN_EMPTY: 400,
  CHAIN_ISSUER_UNKNOWN: 400,
  CHAIN_ISSUER_NOT_CA: 400,
  CHAIN_PATH_LENGTH_EXCEEDED: 400,
  CHAIN_SIGNATURE_INVALID: 400,
  CHAIN_EXPIRED: 400,
  CHAIN_NOT_YET_VALID: 400,
  CHAIN_TRUST_DOMAIN_FOREIGN: 400,
  CHAIN_SAN_INVALID: 400,
  CHAIN_USAGE_INVALID: 400,
  CHAIN_KEY_TOO_WEAK: 400,
  CHAIN_EXTENSION_UNSUPPORTED: 400,
  PREPARED_ALREADY_USED: 500,

  STORE_UNREACHABLE: 503,
  STORE_SCHEMA_NEWER: 500,
  STORE_BUSY: 500,
  KEK_WRONG: 500,
  KEK_INVALID: 500,
  CIPHERTEXT_INVALID: 500,
  LEASE_LOST: 503,
  CONFLICT: 500,
  POSTGRES_BINARIES_MISSING: 500,
  POSTGRES_START_FAILED: 500,

  PERMISSION_DENIED: 403,
  ACL_NOT_FOUND: 403,
  ACL_BOOTSTRAP_DONE: 403,
  TOKEN_NOT_FOUND: 404,

  CA_UNINITIALIZED: 500,
  CA_CONFIG_INVALID: 500,
  CA_CONFLICT: 500,
  CA_PROVIDER_UNKNOWN: 500,
  CA_STATE_READ_ONLY: 400,
  CA_NOT_PRIMARY: 500,
  CA_EXPIRED: 500,
  CSR_RATE_LIMITED: 429,

  INTENTION_INVALID: 500,
  INTENTION_NOT_FOUND: 404,
  SERVICE_INVALID: 400,
  SERVICE_NOT_FOUND: 404,
  NODE_INVALID: 500,

  REQUEST_INVALID: 400,
  REQUEST_PARAMETER_MISSING: 500,
  REQUEST_TOO_LARGE: 413,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONNECT_ID_INVALID: 400,

  DATACENTER_UNKNOWN: 500,
  DATACENTER_UNREACHABLE: 503,
  SERVER_UNREACHABLE: 503,
  PIN_MISMATCH: 500,
  PEER_UNAUTHENTICATED: 500,
  PEER_NOT_ALLOWED: 403,
  TRUST_DOMAIN_MISMATCH: 500,
  PORT_IN_USE: 500,
} as const satisfies Record<ErrorCode, number>;

/**
 * Codes whose own message may tell about the inside of a server. The caller gets the given text; the log gets the
 * error.
 */
export const CONCEALED_TEXT: Readonly<Partial<Record<ErrorCode, string>>> = {
  INTERNAL: 'Internal error',
  CONFIG_INVALID: 'Internal error',
  STORE_UNREACHABLE: 'The datacenter cannot reach its store; try again later',
  STORE_SCHEMA_NEWER: 'Internal error',
  STORE_BUSY: 'Internal error',
  KEK_WRONG: 'Internal error',
  KEK_INVALID: 'Internal error',
  CIPHERTEXT_INVALID: 'Internal error',
  LEASE_LOST: 'Another server took over while the write was under way; repeat it',
  POSTGRES_BINARIES_MISSING: 'Internal error',
  POSTGRES_START_FAILED: 'Internal error',
  PREPARED_ALREADY_USED: 'Internal error',
  CSR_RATE_LIMITED: 'Rate limit reached, try again later',
};
