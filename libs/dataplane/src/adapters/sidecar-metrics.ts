import { countUp, createMetrics } from '@banyan/telemetry';
import type { ProxyCounters } from '../domain/proxy-counters.js';

/** What {@link sidecarMetrics} are read from. */
export interface SidecarMetricsParts {
  /** ID of the proxy's registration: stands on every sample. */
  readonly proxyId: string;
  readonly version: string;
  readonly counters: () => Readonly<ProxyCounters>;
}

type Count = readonly [read: (counters: Readonly<ProxyCounters>) => number, add: (amount: number) => void];

/** The figures of a sidecar in the Prometheus text format, read whenever they are asked for. */
export const sidecarMetrics = ({
  proxyId,
  version,
  counters,
}: SidecarMetricsParts): { readonly contentType: string; text(): Promise<string> } => {
  const metrics = createMetrics({ process: 'sidecar', labels: { proxy: proxyId } });
  metrics.gauge('banyan_build_info').set({ version }, 1);
  const handshakes = metrics.counter('banyan_proxy_handshakes_total');
  const denied = metrics.counter('banyan_proxy_denied_total');
  const unserved = metrics.counter('banyan_proxy_unserved_total');
  const shadow = metrics.counter('banyan_proxy_shadow_checks_total');
  const probes = metrics.counter('banyan_proxy_probes_total');
  const cut = metrics.counter('banyan_proxy_cut_tainted_total');
  const open = metrics.gauge('banyan_proxy_connections');
  const counts: readonly Count[] = [
    [(seen) => seen.inboundHandshakes, (n) => handshakes.inc({ direction: 'inbound', result: 'ok' }, n)],
    [(seen) => seen.inboundHandshakeFailures, (n) => handshakes.inc({ direction: 'inbound', result: 'failed' }, n)],
    [(seen) => seen.outboundHandshakes, (n) => handshakes.inc({ direction: 'outbound', result: 'ok' }, n)],
    [(seen) => seen.outboundFailures, (n) => handshakes.inc({ direction: 'outbound', result: 'failed' }, n)],
    [(seen) => seen.denied, (n) => denied.inc(n)],
    [(seen) => seen.outboundUnserved, (n) => unserved.inc(n)],
    [(seen) => seen.shadowChecked - seen.shadowFailed, (n) => shadow.inc({ result: 'ok' }, n)],
    [(seen) => seen.shadowFailed, (n) => shadow.inc({ result: 'failed' }, n)],
    [(seen) => seen.probesSent, (n) => probes.inc({ result: 'sent' }, n)],
    [(seen) => seen.probesFailed, (n) => probes.inc({ result: 'failed' }, n)],
    [(seen) => seen.probesReceived, (n) => probes.inc({ result: 'received' }, n)],
    [(seen) => seen.cutTainted, (n) => cut.inc(n)],
  ];
  const tell = counts.map(([read, add]) => {
    add(0);
    return { read, count: countUp(add) };
  });
  return {
    contentType: metrics.contentType,
    text: () => {
      const seen = counters();
      for (const { read, count } of tell) count(read(seen));
      open.set({ direction: 'inbound' }, seen.activeInbound);
      open.set({ direction: 'outbound' }, seen.activeOutbound);
      return metrics.text();
    },
  };
};
