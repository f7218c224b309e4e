import { BanyanError, type SecretText } from '@banyan/kernel';
import { Store } from '@banyan/store';
import type { Change, Projection } from '@banyan/watch';
import { Any } from 'typeorm';
import { ANONYMOUS, type Caller } from '../domain/caller.js';
import { hashSecret, type IndexedTokenRecord, sameHash } from '../domain/token-record.js';
import type { AccessResolver } from '../ports/access-resolver.js';
import type { TokenReader } from '../ports/token-reader.js';
import { tokenOf, TokenRow } from './token-row.js';

/** The tokens of the store in memory, kept current by the change follower. */
export class TokenProjection implements AccessResolver, TokenReader, Projection {
  readonly topics = ['token'] as const;
  #byAccessor = new Map<string, IndexedTokenRecord>();
  #bySecretHash = new Map<string, IndexedTokenRecord>();

  constructor(private readonly store: Store) {}

  async load(): Promise<void> {
    const rows = await this.store.dataSource.manager.find(TokenRow);
    this.#byAccessor = new Map();
    this.#bySecretHash = new Map();
    for (const row of rows) this.#put(tokenOf(row));
  }

  async apply(changes: readonly Change[]): Promise<void> {
    const accessors = [...new Set(changes.map((change) => change.key))];
    const rows = await this.store.dataSource.manager.find(TokenRow, { where: { accessorId: Any(accessors) } });
    for (const accessorId of accessors) this.#remove(accessorId);
    for (const row of rows) this.#put(tokenOf(row));
  }

  resolve(secret: SecretText | undefined): Caller {
    if (secret === undefined || secret.reveal() === '') return ANONYMOUS;
    const hash = hashSecret(secret);
    // What a lookup's time can tell is about the hash, which nobody can steer; the last word has a constant-time check.
    const record = this.#bySecretHash.get(hash);
    if (record === undefined || !sameHash(record.secretHash, hash))
      throw new BanyanError('ACL_NOT_FOUND', 'ACL not found');
    return { accessorId: record.accessorId, role: record.role, description: record.description };
  }

  list(): readonly IndexedTokenRecord[] {
    return [...this.#byAccessor.values()].toSorted((left, right) => (left.accessorId < right.accessorId ? -1 : 1));
  }

  find(accessorId: string): IndexedTokenRecord | undefined {
    return this.#byAccessor.get(accessorId.toLowerCase());
  }

  #put(record: IndexedTokenRecord): void {
    this.#byAccessor.set(record.accessorId, record);
    this.#bySecretHash.set(record.secretHash, record);
  }

  #remove(accessorId: string): void {
    const record = this.#byAccessor.get(accessorId);
    if (record === undefined) return;
    this.#byAccessor.delete(accessorId);
    if (this.#bySecretHash.get(record.secretHash) === record) this.#bySecretHash.delete(record.secretHash);
  }
}
