import { MetricsDoor, sidecarMetrics } from '@banyan/dataplane';
import { BanyanError } from '@banyan/kernel';
import { METRICS, NODE_METRICS } from '@banyan/telemetry';
import { afterEach, describe, expect, it } from '@jest/globals';
import { zeroCounters } from '../src/domain/proxy-counters.js';

const doors: MetricsDoor[] = [];
afterEach(() => Promise.all(doors.splice(0).map((door) => door.stop())));

const counters = zeroCounters();
const open = async (): Promise<MetricsDoor> => {
  const door = new MetricsDoor(sidecarMetrics({ proxyId: 'web-proxy', version: '1.2.3', counters: () => counters }));
  doors.push(door);
  await door.listen('127.0.0.1', 0);
  return door;
};
const scrape = async (door: MetricsDoor, path = '/metrics'): Promise<{ status: number; text: string }> => {
  const answer = await fetch(`http://127.0.0.1:${door.port}${path}`);
  return { status: answer.status, text: await answer.text() };
};

describe('the metrics of a sidecar', () => {
  it('grow with its counters, each described, and nothing else is served', async () => {
    const door = await open();
    const first = await scrape(door);
    expect(first.text).toContain('banyan_proxy_denied_total{proxy="web-proxy"} 0');
    counters.denied = 3;
    counters.inboundHandshakes = 5;
    counters.shadowChecked = 4;
    counters.shadowFailed = 1;
    counters.activeOutbound = 2;
    const { status, text } = await scrape(door);
    expect(status).toBe(200);
    for (const sample of [
      'banyan_build_info{version="1.2.3",proxy="web-proxy"} 1',
      'banyan_proxy_denied_total{proxy="web-proxy"} 3',
      'banyan_proxy_handshakes_total{direction="inbound",result="ok",proxy="web-proxy"} 5',
      'banyan_proxy_handshakes_total{direction="outbound",result="failed",proxy="web-proxy"} 0',
      'banyan_proxy_shadow_checks_total{result="ok",proxy="web-proxy"} 3',
      'banyan_proxy_shadow_checks_total{result="failed",proxy="web-proxy"} 1',
      'banyan_proxy_connections{direction="outbound",proxy="web-proxy"} 2',
    ]) {
      expect(text).toContain(sample);
    }
    const exposed = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name!);
    expect(exposed.filter((name) => !(name in METRICS) && !(name in NODE_METRICS))).toEqual([]);
    const described = Object.entries(METRICS).filter(([, { of }]) => (of as readonly string[]).includes('sidecar'));
    expect(described.map(([name]) => name).filter((name) => !exposed.includes(name))).toEqual([]);
    expect((await scrape(door, '/v1/agent/self')).status).toBe(404);
  });

  it('say which address is taken', async () => {
    const { port } = await open();
    const refused = new MetricsDoor(sidecarMetrics({ proxyId: 'p', version: '1', counters: () => counters })).listen(
      '127.0.0.1',
      port,
    );
    await expect(refused).rejects.toBeInstanceOf(BanyanError);
    await expect(refused).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });
});
