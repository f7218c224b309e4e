import type { Transaction } from '@banyan/store';
import { deleteSigningAuthority } from './authority-writes.js';
import { RootAuthorityRow, SigningAuthorityRow } from './ca-rows.js';
import { deleteRoot, rootHash } from './root-writes.js';

/**
 * Stages that a datacenter gives up an authority of its own: trust domain, roots and intermediates go, their keys with
 * them. Nothing signed under it is trusted afterwards. The caller stages the other trust domain in the same transaction.
 */
export const forgetAuthority = async (tx: Transaction): Promise<void> => {
  for (const { id } of await tx.manager.find(SigningAuthorityRow)) tx.stage(deleteSigningAuthority(id));
  for (const row of await tx.manager.find(RootAuthorityRow)) tx.stage(deleteRoot(row.id, rootHash(row)));
  // Its successor is written under the same key, and logged as such.
  await tx.manager.query('DELETE FROM trust_domain');
};
