import type { RootAuthority } from '@banyan/ca';
import { DeniedKeys, type KeyToDeny } from '@banyan/rotation';
import type { Transaction } from '@banyan/store';

/** The list that the root authority keeps for everybody. */
export class CaDeniedKeys extends DeniedKeys {
  constructor(private readonly root: Pick<RootAuthority, 'denyKey' | 'hasRoomToDeny'>) {
    super();
  }

  override hasRoomFor(keyFingerprint: string): boolean {
    return this.root.hasRoomToDeny(keyFingerprint);
  }

  override deny(tx: Transaction, key: KeyToDeny): Promise<void> {
    return this.root.denyKey(tx, key);
  }
}
