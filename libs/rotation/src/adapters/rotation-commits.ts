import { BanyanError, canonicalJson, epochMs, type Logger, type StateIndex } from '@banyan/kernel';
import type { Fence, Store, Transaction } from '@banyan/store';
import type { ChangeFollower } from '@banyan/watch';
import { neighboursOf } from '../domain/concurrency.js';
import type { RotationEffect, RotationEvent } from '../domain/event.js';
import { illegalStep, next } from '../domain/next.js';
import type { Rotation } from '../domain/rotation.js';
import type { DeniedKeys } from '../ports/denied-keys.js';
import type { MadeRoot, RootSteps } from '../ports/root-steps.js';
import { rotationOf, RotationRow } from './rotation-row.js';
import { insertRotation, lockRotations, rotationBody, unfinishedRotations, updateRotation } from './rotation-writes.js';

/** A server's memory shows a commit within ms; longer means that its database is away. */
const CATCH_UP_LIMIT_MS = 10_000;

/** What {@link RotationCommits} needs. */
export interface CommitParts {
  readonly store: Store;
  readonly follower: ChangeFollower;
  readonly steps: RootSteps;
  readonly denied: DeniedKeys;
  readonly logger: Logger;
}

/** The event, once the stored record and its neighbours are known. */
export type EventFor = (rotation: Rotation, neighbours: Neighbours) => RotationEvent;

/** IDs of unfinished rotations that started before, and after. */
type Neighbours = ReturnType<typeof neighboursOf>;

/** What a change may carry besides. */
export interface ChangeOptions {
  readonly fence?: Fence;
  /** The root that a `publish` stages. */
  readonly made?: MadeRoot;
  /** Refuse with `CONFLICT` unless the stored record has this revision. */
  readonly revision?: number;
}

/** A change that was made, for the log. */
interface Change {
  readonly before: Rotation;
  readonly after: Rotation;
  readonly event: RotationEvent;
}

/** Applies events to stored rotations: the record and its changes of root rows commit together or not at all. */
export class RotationCommits {
  constructor(private readonly parts: CommitParts) {}

  unfinished(): Promise<readonly Rotation[]> {
    return unfinishedRotations(this.parts.store.dataSource.manager);
  }

  /** A rotation as it is stored, with its neighbours. Throws `ROTATION_NOT_FOUND`. */
  async stored(id: string): Promise<{ readonly rotation: Rotation; readonly neighbours: Neighbours }> {
    const unfinished = await this.unfinished();
    const { manager } = this.parts.store.dataSource;
    const rotation = unfinished.find((each) => each.id === id) ?? (await finishedRotation(manager, id));
    return { rotation, neighbours: neighboursOf(rotation, unfinished) };
  }

  /**
   * Applies one event to a rotation as it is stored. Throws `ROTATION_NOT_FOUND`, `ROTATION_STEP_ILLEGAL`, `CONFLICT`,
   * `LEASE_LOST`; nothing was changed then.
   */
  async change(id: string, eventFor: EventFor, options: ChangeOptions = {}): Promise<Rotation> {
    const { fence } = options;
    const committed = await this.parts.store.run(
      async (tx) => {
        await lockRotations(tx);
        const unfinished = await unfinishedRotations(tx.manager);
        const before = unfinished.find((rotation) => rotation.id === id) ?? (await finishedRotation(tx.manager, id));
        if (options.revision !== undefined && options.revision !== before.revision) throw changedMeanwhile(id);
        return this.apply(tx, before, {
          event: eventFor(before, neighboursOf(before, unfinished)),
          made: options.made,
        });
      },
      fence === undefined ? {} : { fence },
    );
    await this.settle(committed.index, [committed.value]);
    return committed.value.after;
  }

  /** Starts a rotation: `work` decides within the transaction, with every unfinished one before it. */
  async begin(
    work: (
      tx: Transaction,
      unfinished: readonly Rotation[],
    ) => Promise<{ begun: Rotation; changes: readonly Change[] }>,
    { fence }: Pick<ChangeOptions, 'fence'> = {},
  ): Promise<Rotation> {
    const committed = await this.parts.store.run(
      async (tx) => {
        await lockRotations(tx);
        return work(tx, await unfinishedRotations(tx.manager));
      },
      fence === undefined ? {} : { fence },
    );
    await this.settle(committed.index, committed.value.changes);
    return committed.value.begun;
  }

  insert(tx: Transaction, rotation: Rotation, sealedOrder: string | null): void {
    tx.stage(insertRotation(rotation, sealedOrder));
  }

  /** Within a transaction that holds the lock: the event's effects, then the record. */
  async apply(
    tx: Transaction,
    before: Rotation,
    { event, made }: { readonly event: RotationEvent; readonly made?: MadeRoot | undefined },
  ): Promise<Change> {
    const outcome = next(before, event);
    if (outcome.kind === 'illegal') throw illegalStep(before, event.kind, outcome);
    for (const effect of outcome.effects) await this.#effect(tx, effect, made);
    if (isSame(outcome.rotation, before)) return { before, after: before, event };
    const after = { ...outcome.rotation, revision: before.revision + 1 };
    tx.stage(updateRotation(after, before.revision));
    return { before, after, event };
  }

  /** Waits until this server's memory shows the commit, and tells the log. */
  async settle(index: StateIndex, changes: readonly Change[]): Promise<void> {
    for (const { before, after, event } of changes) {
      if (before.phase === after.phase && before.health === after.health && event.kind === 'evidence') continue;
      this.parts.logger.info('rotation step', {
        rotation: after.id,
        event: event.kind,
        from: before.phase,
        to: after.phase,
        health: after.health,
        ...('by' in event && { accessorId: event.by }),
        index,
      });
    }
    await this.parts.follower.reached(index, { limitMs: CATCH_UP_LIMIT_MS });
  }

  async #effect(tx: Transaction, effect: RotationEffect, made: MadeRoot | undefined): Promise<void> {
    if (effect.kind === 'deny-key') {
      const { datacenter, keyFingerprint, endsAt } = effect;
      const reason = `the signing key of ${datacenter} is compromised`;
      return this.parts.denied.deny(tx, { keyFingerprint, endsAt: epochMs(endsAt), reason });
    }
    if (effect.kind !== 'publish') return this.parts.steps.apply(tx, effect);
    if (made?.rootId !== effect.rootId) {
      throw new BanyanError('INTERNAL', `root ${effect.rootId} is to be published, but it is not at hand`);
    }
    return made.publish(tx);
  }
}

/** What else a path may name is no rotation's ID, and PostgreSQL would not compare it with one. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const finishedRotation = async (manager: Transaction['manager'], id: string): Promise<Rotation> => {
  const row = UUID.test(id) ? await manager.findOne(RotationRow, { where: { id } }) : null;
  if (row === null) throw new BanyanError('ROTATION_NOT_FOUND', `there is no rotation ${id}`);
  return rotationOf(row);
};

const changedMeanwhile = (id: string): BanyanError =>
  new BanyanError('CONFLICT', `rotation ${id} changed meanwhile: read it again and repeat`);

const isSame = (a: Rotation, b: Rotation): boolean => canonicalJson(rotationBody(a)) === canonicalJson(rotationBody(b));
