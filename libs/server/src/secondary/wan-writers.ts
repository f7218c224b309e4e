import {
  type CreatedToken,
  type IndexedTokenRecord,
  type InitialToken,
  roleSchema,
  type TokenChange,
  type TokenDraft,
  TokenWriter,
  type UpdatedToken,
  type WriteContext,
} from '@banyan/acl';
import { type CaConfigurationChange, CaConfigurationWriter } from '@banyan/http-api';
import { type IntentionDraft, IntentionWriter } from '@banyan/intentions';
import { BanyanError, epochMs, SecretText, type StateIndex, stateIndex } from '@banyan/kernel';
import { z } from 'zod';
import { readPrimaryAnswer } from './primary-answer.js';

/** Makes a write in the primary, on behalf of the caller, and waits until it has come back through the change feed. */
export interface PrimaryWrites {
  send(request: {
    readonly method: 'POST' | 'PUT' | 'DELETE';
    readonly path: string;
    readonly body?: unknown;
    readonly token?: SecretText;
  }): Promise<{
    readonly text: string;
    /** Index of this datacenter at which the write is visible. */
    readonly index: StateIndex;
  }>;
}

/** Intentions are written in the primary, whoever is asked. */
export class WanIntentionWriter extends IntentionWriter {
  constructor(private readonly writes: PrimaryWrites) {
    super();
  }

  override async upsert({ token }: WriteContext, draft: IntentionDraft): Promise<StateIndex> {
    const path = exactPath(draft.sourceName, draft.destinationName);
    return (await this.writes.send({ method: 'PUT', path, body: bodyOf(draft), token })).index;
  }

  override async delete({ token }: WriteContext, source: string, destination: string): Promise<StateIndex> {
    return (await this.writes.send({ method: 'DELETE', path: exactPath(source, destination), token })).index;
  }
}

const bodyOf = ({ action, permissions, description, meta }: IntentionDraft): object => ({
  ...(action !== undefined && { Action: action }),
  ...(permissions !== undefined && { Permissions: permissions }),
  ...(description !== undefined && { Description: description }),
  ...(meta !== undefined && { Meta: meta }),
});

const exactPath = (source: string, destination: string): string =>
  `/v1/connect/intentions/exact?source=${encodeURIComponent(source)}&destination=${encodeURIComponent(destination)}`;

const tokenAnswer = z.object({
  AccessorID: z.uuid(),
  SecretID: z.string().max(512),
  Description: z.string().max(4_096),
  Role: roleSchema,
  CreateTime: z.string().max(64),
});

/** Tokens are made in the primary and replicated as hashes. */
export class WanTokenWriter extends TokenWriter {
  constructor(private readonly writes: PrimaryWrites) {
    super();
  }

  override create({ token }: WriteContext, draft: TokenDraft): Promise<CreatedToken> {
    const { secretId, accessorId, role, description } = draft;
    const body = {
      Role: role,
      Description: description,
      ...(secretId && { SecretID: secretId.reveal() }),
      ...(accessorId && { AccessorID: accessorId }),
    };
    return this.#made('/v1/acl/token', body, token);
  }

  override bootstrap(secret?: SecretText): Promise<CreatedToken> {
    return this.#made('/v1/acl/bootstrap', secret === undefined ? {} : { BootstrapSecret: secret.reveal() });
  }

  override async update({ token }: WriteContext, accessorId: string, change: TokenChange): Promise<UpdatedToken> {
    const body = { Role: change.role, Description: change.description };
    const path = `/v1/acl/token/${encodeURIComponent(accessorId)}`;
    const { text, index } = await this.writes.send({ method: 'PUT', path, body, token });
    return { record: recordOf(readPrimaryAnswer(tokenAnswer, text), index), index };
  }

  override async delete({ token }: WriteContext, accessorId: string): Promise<StateIndex> {
    return (
      await this.writes.send({ method: 'DELETE', path: `/v1/acl/token/${encodeURIComponent(accessorId)}`, token })
    ).index;
  }

  override import(_tokens: readonly InitialToken[]): Promise<never> {
    return Promise.reject(
      new BanyanError(
        'CA_NOT_PRIMARY',
        'initial tokens are given to the primary: unset BANYAN_INITIAL_TOKENS_FILE here',
      ),
    );
  }

  async #made(path: string, body: unknown, token?: SecretText): Promise<CreatedToken> {
    const { text, index } = await this.writes.send({ method: 'PUT', path, body, ...(token && { token }) });
    const made = readPrimaryAnswer(tokenAnswer, text);
    return { record: recordOf(made, index), secret: new SecretText(made.SecretID), index: stateIndex(index) };
  }
}

/** A token as the primary answered it; its hash comes through the feed. */
const recordOf = (answer: z.infer<typeof tokenAnswer>, index: StateIndex): IndexedTokenRecord => ({
  accessorId: answer.AccessorID,
  secretHash: '',
  role: answer.Role,
  description: answer.Description,
  createTime: epochMs(Date.parse(answer.CreateTime)),
  createIndex: index,
  modifyIndex: index,
});

/** The CA is configured in the primary; the roots come back through the change feed. */
export class WanConfigurationWriter extends CaConfigurationWriter {
  constructor(private readonly writes: PrimaryWrites) {
    super();
  }

  override async configure({ token }: WriteContext, change: CaConfigurationChange): Promise<void> {
    const body = {
      Provider: change.provider,
      Config: change.options,
      ForceWithoutCrossSigning: change.forceWithoutCrossSigning,
    };
    await this.writes.send({ method: 'PUT', path: '/v1/connect/ca/configuration', body, token });
  }
}
