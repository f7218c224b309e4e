import type { Transaction } from '@banyan/store';
import { RootAuthorityRow } from '../adapters/ca-rows.js';
import { writeCaConfiguration } from '../adapters/configuration-writes.js';
import type { ProviderAccess, SecretConfiguration } from './provider-access.js';
import { conflict, lockedRoots } from './root-shift.js';

/** The options that hold for a datacenter whatever its root is. */
const CARRIED = ['leafcertttl', 'intermediatecertttl', 'csrmaxpersecond', 'csrmaxconcurrent'];

/** A change of the configuration, and what it was made to. */
export interface ConfigurationChange {
  readonly change: SecretConfiguration;
  /** Its options with secrets hidden: what is read back. */
  readonly shown: Readonly<Record<string, unknown>>;
  readonly access: ProviderAccess;
  /** The `modify_index` of the configuration that the change was made to. */
  readonly expected: number;
}

/**
 * Stages a configuration that no root depends on, also where it is kept sealed beside its root, and with what it has in
 * common beside a next root: the configuration goes with its root when that becomes active. Throws `CA_CONFLICT`.
 */
export const stageConfiguration = async (
  tx: Transaction,
  { change, shown, access, expected }: ConfigurationChange,
): Promise<void> => {
  const rows: { modify_index: string }[] = await tx.manager.query(
    'SELECT modify_index FROM ca_configuration WHERE id = 1 FOR UPDATE',
  );
  if (Number(rows[0]?.modify_index) !== expected) throw conflict();
  for (const row of await lockedRoots(tx)) {
    if (row.state === 'inactive') continue;
    const stored = access.configurationOf(row);
    const merged =
      row.state === 'active' ? access.withStoredSecrets(change, stored) : stored && carriedOver(change, stored);
    if (merged === undefined) continue;
    const sealedConfiguration = access.sealConfiguration(row.id, merged);
    await tx.manager.update(RootAuthorityRow, { id: row.id }, { sealedConfiguration });
  }
  const { provider, forceWithoutCrossSigning } = change;
  tx.stage(writeCaConfiguration({ provider, config: { ...shown }, forceWithoutCrossSigning }));
};

const isCarried = ([name]: readonly [string, unknown]): boolean => CARRIED.includes(name.toLowerCase());

/** The configuration of a root that is not active yet, with what was changed meanwhile and has nothing to do with roots. */
const carriedOver = (change: SecretConfiguration, stored: SecretConfiguration): SecretConfiguration => {
  const own = Object.entries(stored.options).filter((option) => !isCarried(option));
  return { ...stored, options: Object.fromEntries([...own, ...Object.entries(change.options).filter(isCarried)]) };
};
