import type { EpochMs } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import type { HealthRegistry } from './health-registry.js';
import type { Metrics } from './metrics.js';

/** What {@link processMetrics} are read from. */
export interface ProcessMetricsParts {
  readonly version: string;
  readonly health: Pick<HealthRegistry, 'report'>;
  /** The process's own certificate, leaf first; undefined before it has one. */
  readonly chainPem: () => string | undefined;
  readonly now: () => EpochMs;
}

/** What servers and agents alike say of themselves: version, dependencies, and how long their own certificate lasts. */
export const processMetrics = (metrics: Metrics, parts: ProcessMetricsParts): (() => Promise<void>) => {
  metrics.gauge('banyan_build_info').set({ version: parts.version }, 1);
  const ready = metrics.gauge('banyan_dependency_ready');
  const expiry = metrics.gauge('banyan_identity_expiry_timestamp_seconds');
  const lifeUsed = metrics.gauge('banyan_identity_life_used_ratio');
  let own: { readonly pem: string; readonly certificate: Certificate } | undefined;
  return async () => {
    const { dependencies } = await parts.health.report();
    for (const { name, ok } of dependencies) ready.set({ dependency: name }, ok ? 1 : 0);
    const pem = parts.chainPem();
    if (pem === undefined) return;
    if (own?.pem !== pem) own = { pem, certificate: Certificate.fromPem(firstOf(pem)) };
    expiry.set(own.certificate.notAfter / 1_000);
    lifeUsed.set(lifeUsedRatio(own.certificate, parts.now()));
  };
};

const END = '-----END CERTIFICATE-----';
const firstOf = (chainPem: string): string => chainPem.slice(0, chainPem.indexOf(END) + END.length);

/** Which share of a certificate's life is over: 0 before it begins, 1 after its end. */
export const lifeUsedRatio = (
  { notBefore, notAfter }: { readonly notBefore: EpochMs; readonly notAfter: EpochMs },
  now: EpochMs,
): number => Math.min(1, Math.max(0, (now - notBefore) / Math.max(1, notAfter - notBefore)));

/** An HTTP answer, as far as it is counted. */
export interface CountedAnswer {
  readonly status: number;
  readonly elapsedMs: number;
  /** It waited for a change, or streamed: how long that took says nothing of this process. */
  readonly waited: boolean;
}

/** Counts HTTP answers; `4xx` and the like, never a path. */
export const httpMetrics = (metrics: Metrics): ((answer: CountedAnswer) => void) => {
  const answers = metrics.counter('banyan_http_answers_total');
  const seconds = metrics.histogram('banyan_http_request_seconds');
  for (const status of ['2xx', '4xx', '5xx']) answers.inc({ status }, 0);
  return ({ status, elapsedMs, waited }) => {
    answers.inc({ status: `${Math.trunc(status / 100)}xx` });
    if (!waited) seconds.observe(elapsedMs / 1_000);
  };
};

/** Turns a total that somebody else counts into a counter: adds what came since the last look. */
export const countUp = (add: (amount: number) => void): ((total: number) => void) => {
  let counted = 0;
  return (total) => {
    if (total > counted) add(total - counted);
    counted = Math.max(counted, total);
  };
};
