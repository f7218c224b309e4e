import type { WriteContext } from '@banyan/acl';
import {
  type ReplicationAlarm,
  ReplicationDesk,
  type ReplicationTokenView,
  type ReplicationView,
  type TokenCheck,
} from '@banyan/http-api';
import { BanyanError, type EpochMs, type ErrorCode, isBanyanError, type SecretText, stateIndex } from '@banyan/kernel';
import {
  type ReplicationRecords,
  type ReplicationState,
  type ReplicationStatus,
  type Replicator,
  type StreamHold,
  type StreamStatus,
  viewStream,
} from '@banyan/replication';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { REPLICATION_STREAMS } from '../edges/replication-streams.js';
import { ADOPTION, type OwnState } from './own-state.js';
import type { ReplicationToken } from './replication-token.js';
import { checkToken } from './token-check.js';
import type { TokenPreflight } from './token-preflight.js';
import { ageOf, type BoardedStatus, changedIndexOf, type StatusBoard } from './status-board.js';

/** How a datacenter's signing authority stands. */
export interface AuthorityStanding {
  readonly state: ReplicationState;
  readonly reason: string;
  readonly code?: ErrorCode;
  readonly lastSuccessAt?: EpochMs;
  readonly lastErrorAt?: EpochMs;
  readonly failures: number;
}

/** What {@link SecondaryDesk} needs. */
export interface SecondaryDeskParts {
  readonly core: DatacenterCore;
  readonly replicator: Replicator;
  readonly records: ReplicationRecords;
  readonly board: StatusBoard;
  readonly token: ReplicationToken;
  readonly preflight: TokenPreflight;
  readonly own: OwnState;
  readonly primary: () => string;
  readonly standing: () => AuthorityStanding;
}

/** Replication as an operator of a secondary sees it, whichever of its servers is asked. */
export class SecondaryDesk extends ReplicationDesk {
  constructor(private readonly parts: SecondaryDeskParts) {
    super();
  }

  override async view(): Promise<ReplicationView> {
    const { core, records, board, own } = this.parts;
    const now = core.ambient.clock.now();
    const status = await board.read();
    const holds = (await records.holds()).filter((hold) => hold.stream !== ADOPTION);
    const streams = await this.#streams(status, holds, now);
    const adoption = await own.difference();
    const worst = streams.find((stream) => stream.state !== 'READY');
    return {
      datacenter: core.datacenter,
      role: 'secondary',
      source: status.feed.source ?? this.#primaryOr(''),
      state: worst?.state ?? 'READY',
      reason: worst === undefined ? '' : `${worst.stream}: ${worst.reason}`,
      server: status.server,
      ageMs: ageOf(status, now),
      streams,
      holds,
      quarantine: await records.quarantined(),
      alarms: await this.#alarms(status, holds, now),
      canary: status.canary,
      token: await this.#token(status),
      ...(adoption !== undefined && { adoption }),
    };
  }

  override async confirm(context: WriteContext, stream: string, hash: string): Promise<{ readonly deleted: number }> {
    const { records, replicator, core } = this.parts;
    const { deleted, index } = await records.confirm(stream, hash);
    core.ambient.logger.warn('held deletions confirmed', { accessorId: context.accessorId, stream, deleted, hash });
    await core.follower.reached(stateIndex(index), { limitMs: 10_000 });
    replicator.lookAgain();
    return { deleted };
  }

  override async adopt(context: WriteContext, hash: string): Promise<void> {
    await this.parts.own.confirm(hash);
    this.parts.core.ambient.logger.warn('the loss of what this datacenter has of its own is confirmed', {
      accessorId: context.accessorId,
      hash,
    });
  }

  override async useToken(
    context: WriteContext,
    token: SecretText,
    { force }: { readonly force: boolean },
  ): Promise<TokenCheck> {
    const { preflight, core } = this.parts;
    const check = force ? { checked: false, reason: 'it was forced' } : await checkToken(preflight, token);
    await this.parts.token.keep(token);
    core.ambient.logger.info('replication token given', { accessorId: context.accessorId, ...check });
    return check;
  }

  override renewEpoch(): Promise<void> {
    return Promise.reject(new BanyanError('CA_NOT_PRIMARY', 'only the primary’s history can be begun anew'));
  }

  async #streams(board: BoardedStatus, holds: readonly StreamHold[], now: EpochMs): Promise<StreamStatus[]> {
    const { records } = this.parts;
    const [items, quarantined] = [await records.itemCounts(), await records.quarantineCounts()];
    const streams = REPLICATION_STREAMS.map(({ name }) =>
      viewStream(
        board.feed,
        {
          stream: name,
          changedIndex: changedIndexOf(board, name),
          items: items.get(name) ?? 0,
          quarantined: quarantined.get(name) ?? 0,
          held: holds.find((hold) => hold.stream === name),
        },
        now,
      ),
    );
    const unknown = quarantined.get('unknown') ?? 0;
    const figures = { stream: 'unknown', changedIndex: stateIndex(0), items: 0, quarantined: unknown, held: undefined };
    if (unknown > 0) streams.push(viewStream(board.feed, figures, now));
    return [this.#intermediate(board.feed, now), ...streams];
  }

  /** Not a part of the feed, but of what a secondary gets from its primary. */
  #intermediate(feed: ReplicationStatus, now: EpochMs): StreamStatus {
    const { state, reason, code, lastSuccessAt, lastErrorAt, failures } = this.parts.standing();
    const { source, epoch } = feed;
    // A good intermediate stays good for months: its age is no lag.
    const lagMs = state === 'READY' ? 0 : now - (lastSuccessAt ?? now);
    return {
      stream: 'intermediate',
      state,
      reason,
      ...(code !== undefined && { code, lastErrorCode: code, lastErrorReason: reason }),
      ...(source !== undefined && { source }),
      ...(epoch !== undefined && { epoch }),
      ...(lastErrorAt !== undefined && { lastErrorAt }),
      ...(lastSuccessAt !== undefined && { lastSuccessAt, lastAttemptAt: lastSuccessAt, lagMs }),
      appliedIndex: feed.appliedIndex,
      sourceIndex: feed.sourceIndex,
      changedIndex: stateIndex(0),
      lagIndex: 0,
      consecutiveFailures: failures,
      items: this.parts.core.ca.state.active === undefined ? 0 : 1,
      quarantined: 0,
    };
  }

  async #alarms(board: BoardedStatus, holds: readonly StreamHold[], now: EpochMs): Promise<ReplicationAlarm[]> {
    const alarms: ReplicationAlarm[] = holds.map(({ code, reason, since, stream }) => ({
      code,
      reason: `${stream}: ${reason}`,
      at: since,
    }));
    const { state, reason, lastErrorAt = now } = board.feed;
    if (state === 'TWO_PRIMARIES') alarms.push({ code: 'TWO_PRIMARIES', reason, at: lastErrorAt });
    else if (await this.parts.records.isFlapping(now)) {
      const flapping =
        'the primary’s epoch changed over and over within 10 minutes: do two servers act as the primary?';
      alarms.push({ code: 'TWO_PRIMARIES', reason: flapping, at: now });
    }
    if (board.canary.state === 'LATE') {
      const late = 'the canary of the primary is not decided on within its objective';
      alarms.push({ code: 'CANARY_LATE', reason: late, at: board.canary.answeredAt ?? now });
    }
    return alarms;
  }

  async #token(board: BoardedStatus): Promise<ReplicationTokenView> {
    const { preflight } = board;
    const checked = {
      scopes: preflight?.scopes ?? [],
      isWider: preflight?.isWider ?? false,
      ...(preflight !== undefined && { checkedAt: preflight.checkedAt }),
    };
    try {
      const { secret, origin } = await this.parts.token.read();
      return { accessorId: this.#accessorOf(secret) ?? preflight?.accessorId ?? '', origin, ...checked };
    } catch (error) {
      if (!isBanyanError(error, 'CONFIG_INVALID')) throw error;
      return { accessorId: '', origin: 'none', ...checked };
    }
  }

  /** From our replica of the tokens: known also while the WAN is cut. */
  #accessorOf(secret: SecretText): string | undefined {
    try {
      return this.parts.core.tokens.resolve(secret).accessorId;
    } catch (error) {
      if (isBanyanError(error, 'ACL_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  #primaryOr(fallback: string): string {
    try {
      return this.parts.primary();
    } catch (error) {
      if (isBanyanError(error, 'DATACENTER_UNREACHABLE')) return fallback;
      throw error;
    }
  }
}
