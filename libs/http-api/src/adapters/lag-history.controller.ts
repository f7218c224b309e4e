import { requirePermission } from '@banyan/acl';
import {
  Access,
  type Answer,
  answerJson,
  Call,
  defineInput,
  HttpCall,
  Input,
  type InputOf,
  queryText,
  refuse,
} from '@banyan/http-kit';
import { Clock, type DurationMs, type EpochMs, epochMs, HOUR, isBanyanError, parseGoDuration } from '@banyan/kernel';
import { LAG_KEPT_MS, LAG_SAMPLE_MS, LagHistory } from '@banyan/replication';
import { Controller, Get } from '@nestjs/common';
import { wireLagSeries } from '../domain/wire-lag.js';

const NO_MOMENT = 'Invalid since: a duration as in 3h, or a time as in 2026-01-31T12:00:00Z';

/** A moment: a time, or how long ago. Default one hour ago. */
type Since = { readonly at: EpochMs } | { readonly agoMs: DurationMs };

const since = queryText(64).transform((value, context): Since => {
  if (value === undefined) return { agoMs: HOUR };
  const at = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  if (at >= 0) return { at: epochMs(at) };
  try {
    return { agoMs: parseGoDuration(value) };
  } catch (error) {
    if (isBanyanError(error, 'DURATION_INVALID')) return refuse(context, NO_MOMENT);
    throw error;
  }
});

const historyInput = defineInput({ query: { stream: queryText(64), for: queryText(64), since } });

/** `GET /v1/replication/history`: how far behind each stream was over the last hours. */
@Controller('/v1/replication')
export class LagHistoryController {
  constructor(
    private readonly history: LagHistory,
    private readonly clock: Clock,
  ) {}

  @Get('/history')
  @Access('operator:read')
  read(@Input(historyInput) { query }: InputOf<typeof historyInput>, @Call() call: HttpCall): Answer {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    const now = this.clock.now();
    const from = 'at' in query.since ? query.since.at : epochMs(Math.max(0, now - query.since.agoMs));
    const series = this.history.read({
      since: from,
      ...(query.stream !== undefined && { stream: query.stream }),
      ...(query.for !== undefined && { datacenter: query.for }),
    });
    return answerJson({
      Since: new Date(from).toISOString(),
      Now: new Date(now).toISOString(),
      SampleSeconds: LAG_SAMPLE_MS / 1_000,
      KeepSeconds: LAG_KEPT_MS / 1_000,
      Series: series.map(wireLagSeries),
    });
  }
}
