import { BanyanError } from '@banyan/kernel';
import type { KeyEncryption, Store } from '@banyan/store';
import { RotationRow } from './rotation-row.js';
import { orderContext } from './rotation-writes.js';

type Options = Readonly<Record<string, unknown>>;

/** The options of an order, secrets included, as they are kept until the root they describe is active. */
export const sealOrder = (keys: KeyEncryption, id: string, options: Options): string =>
  keys.seal(JSON.stringify(options), orderContext(id));

/** Opens them again. Throws `CIPHERTEXT_INVALID`; `INTERNAL` when they are kept no longer. */
export const openOrder = async (parts: {
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly id: string;
}): Promise<Options> => {
  const { store, keys, id } = parts;
  const row = await store.dataSource.manager.findOne(RotationRow, { where: { id } });
  if (row?.sealedOrder == null) throw new BanyanError('INTERNAL', `the order of rotation ${id} is not kept any more`);
  return JSON.parse(keys.open(row.sealedOrder, orderContext(id)).toString('utf8')) as Options;
};
