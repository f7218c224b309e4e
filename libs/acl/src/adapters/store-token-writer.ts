import { BanyanError, Clock, isStorableJson, Logger, Random, SecretText, type StateIndex } from '@banyan/kernel';
import { Store, type Transaction } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import type { InitialToken } from '../domain/initial-tokens.js';
import { hashSecret, requireUsableSecret, type TokenRecord } from '../domain/token-record.js';
import type { TokenDraft } from '../domain/wire-token.js';
import {
  type CreatedToken,
  type TokenChange,
  TokenWriter,
  type UpdatedToken,
  type WriteContext,
} from '../ports/token-writer.js';
import { TokenRow } from './token-row.js';
import { lockTokens, stageToken, stageTokenRemoval } from './token-writes.js';

/** What a {@link StoreTokenWriter} works with. */
export interface StoreTokenWriterParts {
  readonly store: Store;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes tokens to this datacenter's store. The caller has been authorized; the accessor is for the log. */
export class StoreTokenWriter extends TokenWriter {
  constructor(private readonly parts: StoreTokenWriterParts) {
    super();
  }

  override async create(context: WriteContext, draft: TokenDraft): Promise<CreatedToken> {
    const created = await this.#make(draft, (tx, record) => this.#refuseTaken(tx, record));
    this.parts.logger.info('token created', { accessorId: context.accessorId, target: created.record.accessorId });
    return created;
  }

  override async bootstrap(secret?: SecretText): Promise<CreatedToken> {
    const draft: TokenDraft = {
      role: { kind: 'management' },
      description: 'Bootstrap Token (Global Management)',
      ...(secret === undefined ? {} : { secretId: secret }),
    };
    const created = await this.#make(draft, async (tx, record) => {
      if ((await countManagement(tx.manager)) > 0) {
        throw new BanyanError('ACL_BOOTSTRAP_DONE', 'Permission denied: ACL bootstrap no longer allowed');
      }
      await this.#refuseTaken(tx, record);
    });
    this.parts.logger.info('first management token created', { target: created.record.accessorId });
    return created;
  }

  override async update(context: WriteContext, accessorId: string, change: TokenChange): Promise<UpdatedToken> {
    requireStorable(change.description);
    const { value: before, index } = await this.parts.store.run(async (tx) => {
      await lockTokens(tx);
      const row = await findRow(tx, accessorId);
      if (row === null) throw new BanyanError('TOKEN_NOT_FOUND', 'Cannot find token to update');
      if (row.role.kind === 'management' && change.role.kind !== 'management') await refuseLast(tx);
      stageToken(tx, { ...recordOf(row), role: change.role, description: change.description });
      return row;
    });
    this.parts.logger.info('token changed', { accessorId: context.accessorId, target: accessorId });
    const { role, description } = change;
    const { createIndex } = before;
    return { record: { ...recordOf(before), role, description, createIndex, modifyIndex: index }, index };
  }

  override async delete(context: WriteContext, accessorId: string): Promise<StateIndex> {
    const { index } = await this.parts.store.run(async (tx) => {
      await lockTokens(tx);
      const row = await findRow(tx, accessorId);
      if (row === null) throw new BanyanError('TOKEN_NOT_FOUND', 'Cannot find token to delete');
      if (row.role.kind === 'management') await refuseLast(tx);
      stageTokenRemoval(tx, row);
    });
    this.parts.logger.info('token deleted', { accessorId: context.accessorId, target: accessorId });
    return index;
  }

  override async import(
    tokens: readonly InitialToken[],
  ): Promise<{ readonly stored: number; readonly index: StateIndex }> {
    const { value: stored, index } = await this.parts.store.run(async (tx) => {
      await lockTokens(tx);
      if ((await tx.manager.count(TokenRow)) > 0) return 0;
      for (const token of tokens) stageToken(tx, this.#recordOf(token, token.secretId));
      return tokens.length;
    });
    if (stored > 0) this.parts.logger.info('initial tokens stored', { count: stored });
    return { stored, index };
  }

  async #make(
    draft: TokenDraft,
    check: (tx: Transaction, record: TokenRecord) => Promise<void>,
  ): Promise<CreatedToken> {
    const secret = draft.secretId ?? new SecretText(this.parts.random.uuid());
    const record = this.#recordOf(draft, secret);
    const { index } = await this.parts.store.run(async (tx) => {
      await lockTokens(tx);
      await check(tx, record);
      stageToken(tx, record);
    });
    return { record: { ...record, createIndex: index, modifyIndex: index }, secret, index };
  }

  #recordOf(draft: TokenDraft, secret: SecretText): TokenRecord {
    requireUsableSecret(secret);
    requireStorable(draft.description);
    return {
      accessorId: draft.accessorId ?? this.parts.random.uuid(),
      secretHash: hashSecret(secret),
      role: draft.role,
      description: draft.description,
      createTime: this.parts.clock.now(),
    };
  }

  async #refuseTaken(tx: Transaction, { accessorId, secretHash }: TokenRecord): Promise<void> {
    if (await tx.manager.exists(TokenRow, { where: { accessorId } })) {
      throw new BanyanError('CONFLICT', `A token with AccessorID '${accessorId}' exists already`);
    }
    if (await tx.manager.exists(TokenRow, { where: { secretHash } })) {
      throw new BanyanError('CONFLICT', 'Another token has this SecretID');
    }
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const findRow = (tx: Transaction, accessorId: string): Promise<TokenRow | null> =>
  UUID.test(accessorId) ? tx.manager.findOne(TokenRow, { where: { accessorId } }) : Promise.resolve(null);

const recordOf = ({ accessorId, secretHash, role, description, createTime }: TokenRow): TokenRecord => ({
  accessorId,
  secretHash,
  role,
  description,
  createTime,
});

/** Without any management token, bootstrap would be open again to whoever calls first. */
const refuseLast = async (tx: Transaction): Promise<void> => {
  if ((await countManagement(tx.manager)) > 1) return;
  throw new BanyanError('CONFLICT', 'The last management token has to stay: make another one first');
};

const requireStorable = (description: string): void => {
  if (isStorableJson(description)) return;
  throw new BanyanError('REQUEST_INVALID', 'A description must not contain U+0000 or half of a character');
};

const countManagement = (manager: EntityManager): Promise<number> =>
  manager.createQueryBuilder(TokenRow, 'token').where("token.role ->> 'kind' = 'management'").getCount();
