import type { ReplicationDesk, ReplicationView, ReportedReplication } from '@banyan/http-api';
import { BackgroundTask, type EpochMs, messageOf } from '@banyan/kernel';
import { LAG_SAMPLE_MS, type LagPlace, type LagSample } from '@banyan/replication';
import { z } from 'zod';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** A secondary reports every 3 s; what it said last is no present state after so long. */
const SILENT_AFTER_MS = 15_000;

/** What is read of the wire form that a secondary reported: another banyan than ours may have written it. */
const reported = z.object({
  Streams: z
    .array(
      z.object({
        Stream: z.string().max(64),
        State: z.string().max(64),
        LagIndex: z.number(),
        LagSeconds: z.number().nullable(),
      }),
    )
    .max(32),
});

/** One sample and whose it is. */
interface PlacedSample {
  readonly place: LagPlace;
  readonly sample: LagSample;
}

/** Every stream as one look shows it: in a secondary its own, in the primary those of every secondary. */
export const samplesOf = (view: ReplicationView, now: EpochMs): PlacedSample[] => [
  ...view.streams.map((each) => ({
    place: { datacenter: view.datacenter, stream: each.stream },
    sample: {
      at: now,
      state: each.state,
      lagIndex: each.lagIndex,
      ...(each.lagMs !== undefined && { lagMs: each.lagMs }),
      ...(each.stream === 'canary' &&
        view.canary.roundTripMs !== undefined && { roundTripMs: view.canary.roundTripMs }),
    },
  })),
  ...(view.secondaries ?? []).flatMap((secondary) => reportedSamples(secondary, now)),
];

/** What was reported is as old as its report: the lag grows while nobody is heard. */
const reportedSamples = (
  { datacenter, reportedAt, replication, canary }: ReportedReplication,
  now: EpochMs,
): PlacedSample[] => {
  const report = reported.safeParse(replication);
  if (!report.success || reportedAt === undefined) return [];
  const ageMs = Math.max(0, now - reportedAt);
  return report.data.Streams.map((each) => ({
    place: { datacenter, stream: each.Stream },
    sample: {
      at: now,
      state: ageMs > SILENT_AFTER_MS ? 'SILENT' : each.State,
      lagIndex: each.LagIndex,
      ...(each.LagSeconds !== null && { lagMs: Math.round(each.LagSeconds * 1_000) + ageMs }),
      ...(each.Stream === 'canary' && canary.roundTripMs !== undefined && { roundTripMs: canary.roundTripMs }),
    },
  }));
};

/** Looks at replication every 10 s, on every server, for the history that each keeps in its memory. */
export class LagSampler {
  readonly #task: BackgroundTask;

  constructor(core: DatacenterCore, desk: ReplicationDesk) {
    const { ambient, lags } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: LAG_SAMPLE_MS, capMs: LAG_SAMPLE_MS },
      turn: async () => {
        const view = await desk.view();
        for (const { place, sample } of samplesOf(view, ambient.clock.now())) lags.note(place, sample);
        return LAG_SAMPLE_MS;
      },
      onFailure: (error) => ambient.logger.debug('replication was not sampled', { reason: messageOf(error) }),
    });
  }

  start(): void {
    this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }
}
