import { countUp, type Metrics } from '@banyan/telemetry';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** What is recorded in the audit trail, and whether it is. */
export const auditMetrics = (metrics: Metrics, { audit }: DatacenterCore): (() => void) => {
  const entries = metrics.counter('banyan_audit_entries_total');
  const counted = metrics.counter('banyan_audit_counted_total');
  const lost = metrics.counter('banyan_audit_lost_total');
  const failing = metrics.gauge('banyan_audit_failing');
  const head = metrics.gauge('banyan_audit_head');
  const results = ['ok', 'denied', 'failed'] as const;
  const counts = results.map((result) => countUp((amount) => entries.inc({ result }, amount)));
  const [countCounted, countLost] = [counted, lost].map((counter) => countUp((amount) => counter.inc(amount)));
  return () => {
    const { trail } = audit;
    if (trail === undefined) return;
    results.forEach((result, at) => counts[at]!(trail.counts[result]));
    countCounted!(trail.counts.counted);
    countLost!(trail.counts.lost);
    failing.set(trail.note === undefined ? 0 : 1);
    head.set(trail.head);
  };
};
