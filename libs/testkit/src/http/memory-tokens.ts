import {
  AccessResolver,
  ANONYMOUS,
  type Caller,
  type CreatedToken,
  hashSecret,
  type IndexedTokenRecord,
  type InitialToken,
  type TokenChange,
  type TokenDraft,
  TokenReader,
  TokenWriter,
  type UpdatedToken,
  type WriteContext,
} from '@banyan/acl';
import { BanyanError, epochMs, type Random, SecretText, type StateIndex, stateIndex } from '@banyan/kernel';
import type { MemoryCommits } from './memory-commits.js';

/** Tokens in memory: one object behind all three ports. Every token was made at one fixed moment. */
export class MemoryTokens implements AccessResolver, TokenReader, TokenWriter {
  readonly #visible = new Map<string, IndexedTokenRecord>();
  readonly #stored = new Map<string, IndexedTokenRecord>();

  constructor(
    private readonly commits: MemoryCommits,
    private readonly random: Random,
  ) {}

  resolve(secret: SecretText | undefined): Caller {
    if (secret === undefined) return ANONYMOUS;
    const hash = hashSecret(secret);
    const record = [...this.#visible.values()].find(({ secretHash }) => secretHash === hash);
    if (record === undefined) throw new BanyanError('ACL_NOT_FOUND', 'ACL not found');
    return { accessorId: record.accessorId, role: record.role, description: record.description };
  }

  list(): readonly IndexedTokenRecord[] {
    return [...this.#visible.values()].toSorted((a, b) => (a.accessorId < b.accessorId ? -1 : 1));
  }

  find(accessorId: string): IndexedTokenRecord | undefined {
    return this.#visible.get(accessorId);
  }

  async create(_context: WriteContext, draft: TokenDraft): Promise<CreatedToken> {
    await Promise.resolve();
    return this.#make(draft);
  }

  async bootstrap(secret?: SecretText): Promise<CreatedToken> {
    await Promise.resolve();
    if ([...this.#stored.values()].some(({ role }) => role.kind === 'management')) {
      throw new BanyanError('ACL_BOOTSTRAP_DONE', 'Permission denied: ACL bootstrap no longer allowed');
    }
    const given = secret === undefined ? {} : { secretId: secret };
    return this.#make({ role: { kind: 'management' }, description: 'Bootstrap Token (Global Management)', ...given });
  }

  async update(_context: WriteContext, accessorId: string, change: TokenChange): Promise<UpdatedToken> {
    await Promise.resolve();
    const before = this.#stored.get(accessorId);
    if (before === undefined) throw new BanyanError('TOKEN_NOT_FOUND', 'Cannot find token to update');
    const at = (modifyIndex: StateIndex): IndexedTokenRecord => ({ ...before, ...change, modifyIndex });
    const body = { role: change.role, description: change.description };
    const index = this.commits.commit({ topic: 'token', key: accessorId, body }, (committed) => {
      this.#visible.set(accessorId, at(committed));
    });
    this.#stored.set(accessorId, at(index));
    return { record: at(index), index };
  }

  async delete(_context: WriteContext, accessorId: string): Promise<StateIndex> {
    await Promise.resolve();
    if (!this.#stored.delete(accessorId)) throw new BanyanError('TOKEN_NOT_FOUND', 'Cannot find token to delete');
    return this.commits.commit({ topic: 'token', key: accessorId, body: null }, () => this.#visible.delete(accessorId));
  }

  async import(tokens: readonly InitialToken[]): Promise<{ readonly stored: number; readonly index: StateIndex }> {
    await Promise.resolve();
    if (this.#stored.size > 0) return { stored: 0, index: stateIndex(0) };
    const made = tokens.map((token) =>
      this.#make({ role: token.role, description: token.description, secretId: token.secretId }),
    );
    return { stored: made.length, index: made.at(-1)?.index ?? stateIndex(0) };
  }

  #make(draft: TokenDraft): CreatedToken {
    const secret = draft.secretId ?? new SecretText(this.random.uuid());
    const accessorId = draft.accessorId ?? this.random.uuid();
    const content = { accessorId, secretHash: hashSecret(secret), role: draft.role, description: draft.description };
    const at = (index: StateIndex): IndexedTokenRecord => ({
      ...content,
      createTime: epochMs(1_900_000_000_000),
      createIndex: index,
      modifyIndex: index,
    });
    const index = this.commits.commit({ topic: 'token', key: accessorId, body: content }, (committed) => {
      this.#visible.set(accessorId, at(committed));
    });
    this.#stored.set(accessorId, at(index));
    return { record: at(index), secret, index };
  }
}
