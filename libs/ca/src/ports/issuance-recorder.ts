import type { Issuance } from '../domain/issuance.js';

/**
 * Where every certificate is written down before anybody gets it. What could not be recorded is not handed out: an entry
 * without its certificate does no harm, a certificate without its entry does.
 */
export abstract class IssuanceRecorder {
  /** Resolves when the entry is stored for good. Fails with `STORE_UNREACHABLE` (try again) or `LEDGER_BROKEN`. */
  abstract record(issuance: Issuance): Promise<void>;
}
