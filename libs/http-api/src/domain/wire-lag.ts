import type { LagSeries } from '@banyan/replication';

/** Lag in seconds with a digit, as in `GET /v1/replication`; null before the first success. */
export const wireSeconds = (ms: number | undefined): number | null =>
  ms === undefined ? null : Math.round(ms / 100) / 10;

/** One series of `GET /v1/replication/history`. */
export const wireLagSeries = ({ datacenter, stream, samples }: LagSeries) => ({
  Datacenter: datacenter,
  Stream: stream,
  Samples: samples.map((sample) => ({
    At: new Date(sample.at).toISOString(),
    State: sample.state,
    LagIndex: sample.lagIndex,
    LagSeconds: wireSeconds(sample.lagMs),
    ...(sample.roundTripMs !== undefined && { RoundTripMs: sample.roundTripMs }),
  })),
});
