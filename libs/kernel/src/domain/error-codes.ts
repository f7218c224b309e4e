/**
 * Every code an error of banyan can carry, with what it means for an operator. The reference page is generated from
 * this table, and the edges' status tables are checked to be total over it.
 */
export const ERROR_CODES = {
  // kernel
  INTERNAL: 'A defect of banyan: a rule it relies on did not hold. Report it with the log line.',
  DURATION_INVALID: 'A duration is not in the form 72h, 1h30m, 250ms.',
  CONFIG_INVALID: 'A setting is missing or wrong; the message names the setting, never its value.',
  ABORTED: 'The work was cancelled because its owner is stopping or its caller went away.',
  TIMEOUT: 'The work did not finish within its limit.',

  // identity and pki
  SPIFFE_ID_INVALID: 'A text is not one of the SPIFFE IDs banyan issues.',
  NAME_INVALID: 'A service, node or datacenter name has a form that is not allowed.',
  TRUST_DOMAIN_INVALID: 'A text is not a trust domain of the form <uuid>.consul.',
  PEM_INVALID: 'A text is not PEM of the expected kind.',
  DER_INVALID: 'Bytes are not strict DER of the expected shape.',
  INPUT_TOO_LARGE: 'An input is larger than its documented bound.',
  KEY_UNSUPPORTED: 'A key type or size is not supported.',
  KEY_TOO_WEAK: 'A key is weaker than EC P-256 or RSA 2048.',
  KEY_MISMATCH: 'A private key does not belong to the certificate beside it.',
  CSR_INVALID: 'A certificate signing request cannot be parsed or lacks what it needs.',
  CSR_SIGNATURE_INVALID: 'A certificate signing request is not signed by the key it carries.',
  CSR_SAN_INVALID: 'A certificate signing request has other names than exactly one SPIFFE URI.',
  CSR_TRUST_DOMAIN_FOREIGN: 'A certificate signing request names a trust domain that is not ours.',
  CSR_DATACENTER_FOREIGN: 'A certificate signing request names another datacenter.',
  CERTIFICATE_INVALID: 'A certificate cannot be parsed or does not follow its profile.',
  CERTIFICATE_PROFILE_VIOLATED:
    'A certificate we made failed the check against its own profile; it was not handed out.',
  CHAIN_EMPTY: 'No certificate was presented.',
  CHAIN_ISSUER_UNKNOWN: 'No trusted root was found for a chain.',
  CHAIN_ISSUER_NOT_CA: 'A certificate in a chain was issued by one that is not a CA.',
  CHAIN_PATH_LENGTH_EXCEEDED: 'A chain is longer than one of its CAs allows.',
  CHAIN_SIGNATURE_INVALID: 'A certificate in a chain is not signed by its issuer.',
  CHAIN_EXPIRED: 'A certificate in a chain is past its end.',
  CHAIN_NOT_YET_VALID: 'A certificate in a chain is not valid yet; compare the clocks.',
  CHAIN_TRUST_DOMAIN_FOREIGN: 'A certificate belongs to another trust domain.',
  CHAIN_SAN_INVALID: 'A certificate does not carry exactly one SPIFFE URI.',
  CHAIN_USAGE_INVALID: 'A certificate may not be used for this purpose.',
  CHAIN_KEY_DENIED: 'A chain leads through a key that is in wrong hands and on the list of denied keys.',
  CHAIN_KEY_TOO_WEAK: 'A chain contains a key weaker than EC P-256 or RSA 2048.',
  CHAIN_EXTENSION_UNSUPPORTED: 'A certificate in a chain has a critical extension that banyan does not know.',
  TRANSITION_INVALID:
    'A link of the chain from a retired root to a present one is not signed as it must be. Suspect the network.',
  ROOT_TAINTED:
    'The key of the pinned or last known root was compromised, so nothing leads on from it: give the peer a new pin.',
  ROOT_UNVOUCHED:
    'The pinned or last known root was replaced without vouching for the next one: give the peer a new pin.',
  CLOCK_SKEW: 'Two clocks differ so much that what one side signs is not valid for the other; the message names both.',
  PREPARED_ALREADY_USED: 'A prepared certificate was issued twice.',

  // store
  STORE_UNREACHABLE: 'The database does not answer. Check BANYAN_DATABASE_URL and the database itself.',
  STORE_SCHEMA_NEWER: 'The database was migrated by a newer banyan. Start that version or restore a backup.',
  STORE_BUSY: 'The embedded database is in use by another process.',
  KEK_WRONG: 'The key-encryption key does not open the keys in this database. Use the one it was made with.',
  KEK_INVALID: 'The key-encryption key file does not hold 32 bytes in base64 or hex.',
  CIPHERTEXT_INVALID: 'An encrypted value is damaged.',
  LEASE_LOST: 'Another server holds the lease now; the write was not made.',
  CONFLICT: 'The record changed meanwhile; read it again and repeat.',
  POSTGRES_BINARIES_MISSING: 'No PostgreSQL binaries were found for the embedded database.',
  POSTGRES_START_FAILED: 'The embedded PostgreSQL did not start; its log says why.',

  // access
  PERMISSION_DENIED: 'The token lacks the permission that the message names.',
  ACL_NOT_FOUND: 'No token has the secret that was given.',
  ACL_BOOTSTRAP_DONE: 'The first management token was made already.',
  TOKEN_NOT_FOUND: 'No token has this accessor.',

  // certificate authority
  CA_UNINITIALIZED: 'The datacenter has no signing authority yet; /readyz says what it waits for.',
  CA_CONFIG_INVALID: 'The CA configuration breaks one of its rules.',
  DENIED_KEYS_FULL: 'The list of denied keys holds 256 that have not ended; start a trust domain anew.',
  CA_CONFLICT: 'The CA configuration changed meanwhile; read it again and repeat.',
  CA_PROVIDER_UNKNOWN: 'The CA provider is not one of those built in.',
  CA_STATE_READ_ONLY: 'The State of the CA configuration cannot be written.',
  CA_NOT_PRIMARY: 'Only the primary datacenter signs intermediates and holds the root.',
  CA_EXPIRED: 'The signing authority has expired.',
  PROVIDER_UNREACHABLE: 'The CA provider does not answer; it is tried again. Leaves are signed meanwhile.',
  PROVIDER_REFUSED: 'The CA provider refuses a call; the message says which, and what it needs.',
  PROVIDER_CANNOT_CROSS_SIGN: 'The provider of the active root cannot vouch for the next root.',
  ROTATION_IN_PROGRESS:
    'Another rotation has laggards, which the message names. Wait for them, waive them or roll back.',
  ROTATION_NOT_FOUND: 'There is no rotation with this ID.',
  ROTATION_PLAN_STALE: 'The plan whose hash was quoted is not the present one: make a new one and look at it.',
  ROTATION_STEP_ILLEGAL: 'The rotation is in a phase in which this is not possible; the message says what is.',
  LEDGER_BROKEN:
    'The issuance ledger was changed by hand: its chain does not hold. Nothing is signed that cannot be recorded; see GET /v1/connect/ca/ledger/verify.',
  AUDIT_BROKEN: 'The audit trail was changed by hand: its chain does not hold. See GET /v1/audit/verify.',
  AUDIT_UNAVAILABLE:
    'What would be done cannot be recorded, and BANYAN_AUDIT_ON_FAILURE says that nothing is done then; the message says which record fails.',
  CSR_RATE_LIMITED: 'Too many certificates are being signed; try again after the time given.',

  // intentions, catalog
  INTENTION_INVALID: 'An intention breaks one of its rules.',
  INTENTION_NOT_FOUND: 'There is no such intention.',
  SERVICE_INVALID: 'A service registration breaks one of its rules.',
  SERVICE_NOT_FOUND: 'No service has this ID on this agent.',
  NODE_INVALID: 'A node registration breaks one of its rules.',

  // requests
  REQUEST_INVALID: 'A parameter or body does not follow its schema (answered with 400).',
  REQUEST_PARAMETER_MISSING: 'A required query parameter is not set (answered with 500, as existing clients expect).',
  REQUEST_TOO_LARGE: 'A request is larger than its documented bound.',
  HOST_NOT_ALLOWED:
    'A browser asked under a name that may belong to anybody; add it to BANYAN_UI_HOSTS, or use the address of the server.',
  ORIGIN_NOT_ALLOWED: 'A page of another origin tried to write through a browser.',
  ROUTE_NOT_FOUND: 'There is no such path.',
  METHOD_NOT_ALLOWED: 'The path does not serve this method.',
  CONNECT_ID_INVALID: 'A ClientCertURI is not the identity of a service.',

  // federation and rpc
  DATACENTER_UNKNOWN: 'No datacenter has this name.',
  DATACENTER_UNREACHABLE: 'The other datacenter does not answer.',
  SERVER_UNREACHABLE: 'No server of the datacenter answers.',
  PIN_MISMATCH:
    'The peer did not present a root with the pinned fingerprint. Compare the pin, then suspect the network.',
  RATE_LIMITED: 'Too many calls without a certificate; try again in a second.',
  PEER_UNAUTHENTICATED: 'The peer presented no certificate that this datacenter trusts.',
  PEER_NOT_ALLOWED: 'The peer is authenticated but may not make this call.',
  TRUST_DOMAIN_MISMATCH: 'The primary has another trust domain than the one stored here.',
  REPLICATION_GAP: 'The change feed did not continue where replication stands; it is followed anew from there.',
  VERSION_MISMATCH:
    'The two datacenters speak versions of the replication protocol that do not fit; the message names both. Upgrade the older one.',
  TWO_PRIMARIES:
    'Two servers of different histories both act as the primary of this trust domain; the message names both epochs. Stop one of them.',
  HISTORY_RESTORED:
    'A secondary knows changes of the primary that its log does not have: a backup was restored. A new epoch was begun; look at what is held.',
  ROOT_GENERATION_LOWER:
    'The primary lacks a root that this datacenter knows and serves an earlier one: a backup was restored. Nothing of the bundle is adopted until it has the root back, or somebody confirms.',
  ROOT_UNPROVEN:
    'A secondary gave back a root that no root of the primary vouches for; it is not taken into the bundle.',
  REPLICATION_HELD:
    'A round would delete too much: its deletions are held until the source has the records again, or somebody confirms them.',
  REPLICATION_QUARANTINED:
    'Records of the primary were refused and set aside, each with its reason; everything else is replicated.',
  REPLICATION_DIFF_STALE:
    'The hash that was quoted is not that of the present difference: read it again, look at it, and quote its hash.',
  REPLICATION_STREAM_UNKNOWN: 'There is no replication stream of this name.',
  ADOPTION_REQUIRED:
    'This datacenter has a state of its own that joining the primary would replace: read the difference and confirm it.',
  CANARY_LATE: 'The canary record of the primary did not reach the decisions of this datacenter within its objective.',
  PORT_IN_USE: 'A port is taken by another process; the message names the setting to change.',
} as const;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CODES;
