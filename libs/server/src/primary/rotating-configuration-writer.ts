import type { WriteContext } from '@banyan/acl';
import type { RootAuthority } from '@banyan/ca';
import { type CaConfigurationChange, CaConfigurationWriter } from '@banyan/http-api';
import { BanyanError, type Timers } from '@banyan/kernel';
import { CONFIGURATION_WRITE_POLICY } from '@banyan/rotation';
import type { DatacenterCore } from '../core/datacenter-core.js';
import type { PrimaryRotationDesk } from './primary-rotation-desk.js';

/** A write that changes the root answers once this datacenter signs under it: what clients wait for is about 10 s. */
const ANSWER_LIMIT_MS = 10_000;

/** A write of the CA configuration: stored where no root depends on it, else a rotation like any other. */
export class RotatingConfigurationWriter extends CaConfigurationWriter {
  constructor(
    private readonly root: RootAuthority,
    private readonly desk: PrimaryRotationDesk,
    private readonly core: DatacenterCore,
  ) {
    super();
  }

  override async configure(context: WriteContext, change: CaConfigurationChange): Promise<void> {
    const { provider, options, forceWithoutCrossSigning } = change;
    const crossSign = !forceWithoutCrossSigning;
    const meaning = await this.root.meaning({ provider, options, crossSign });
    this.core.ambient.logger.info('CA configured', { accessorId: context.accessorId, outcome: meaning.kind });
    if (meaning.kind === 'stored') await this.root.storeConfiguration(change);
    if (meaning.kind !== 'next-root') return;
    const note = 'a write of the CA configuration';
    const request = { provider, options, crossSign, note, policy: CONFIGURATION_WRITE_POLICY };
    const id = await this.desk.start(context, request, 'unplanned');
    await this.#settled(id);
  }

  /** Waits until leaves are signed here under the next root, or the rotation failed; longer than that it goes on alone. */
  async #settled(id: string): Promise<void> {
    const { ca, rotations, ambient } = this.core;
    const isOver = (): boolean => {
      const rotation = rotations.find(id)?.rotation;
      if (rotation === undefined) return false;
      return (
        rotation.failure !== undefined || (rotation.rootId !== undefined && ca.state.active?.rootId === rotation.rootId)
      );
    };
    await untilTrue(isOver, { timers: ambient.timers, limitMs: ANSWER_LIMIT_MS }, (look) => {
      const ends = [ca.onChange(look), rotations.onChange(look)];
      return () => ends.forEach((end) => end());
    });
    const failure = rotations.find(id)?.rotation.failure;
    if (failure !== undefined) throw new BanyanError('CA_CONFIG_INVALID', `${failure.code}: ${failure.reason}`);
  }
}

/** Resolves when a look says so, or after the limit. */
const untilTrue = (
  isTrue: () => boolean,
  { timers, limitMs }: { readonly timers: Timers; readonly limitMs: number },
  watch: (look: () => void) => () => void,
): Promise<void> =>
  new Promise((resolve) => {
    let end: (() => void) | undefined;
    const done = (): void => {
      timer.clear();
      queueMicrotask(() => end?.());
      resolve();
    };
    const timer = timers.set(limitMs, done);
    const look = (): void => {
      if (isTrue()) done();
    };
    end = watch(look);
    look();
  });
