import { type AgentReport, AgentReportRow, NO_SIDECARS } from '@banyan/adoption';
import { CA_ENTITIES } from '@banyan/ca';
import { withTestStore } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LanService } from '../src/edges/lan-service.js';
import { openPrimary, type PrimaryBench } from './primary-bench.js';

const stores = withTestStore(CA_ENTITIES);
let bench: PrimaryBench;
let lan: LanService;
beforeAll(async () => {
  bench = await openPrimary(await stores.freshUrl());
  lan = new LanService(bench.core, () => {
    throw new Error('no HTTP here');
  });
});
afterAll(() => bench.stop());

const rootId = (): string => bench.core.ca.wantedRoot!.id;
const report = (changes: Partial<AgentReport> = {}): AgentReport => ({
  bundle: [rootId()],
  identityRootId: rootId(),
  leaves: { byRoot: { [rootId()]: 3 }, rateLimited: 0 },
  ...NO_SIDECARS,
  clockOffsetMs: 0,
  version: '0.1.0',
  ...changes,
});
const beat = (node: string, o: { reportJson?: string; skewMs?: number } = {}) =>
  lan.heartbeat({
    node,
    address: '10.0.0.1',
    version: '0.1.0',
    observedMs: bench.core.ambient.clock.now() + (o.skewMs ?? 0),
    nodeJson: JSON.stringify({ node: { Node: node, Address: '10.0.0.1', Meta: {} }, services: [], checks: [] }),
    ...(o.reportJson !== undefined && { reportJson: o.reportJson }),
  });
const told = (node: string, changes: Partial<AgentReport> = {}, skewMs = 0) =>
  beat(node, { reportJson: JSON.stringify(report(changes)), skewMs });
/** The agents and their reasons, once there are so many reports. */
const reasonsWith = async (count: number): Promise<Record<string, string>> => {
  const { core } = bench;
  const limit = performance.now() + 10_000;
  while ((await core.store.dataSource.manager.count(AgentReportRow)) !== count) {
    if (performance.now() > limit) throw new Error(`there are not ${count} reports within 10 s`);
    await core.ambient.timers.sleep(10);
  }
  core.adoption.authorityChanged();
  const agents = await core.adoption.agents();
  return Object.fromEntries(agents.map(({ node, laggard }) => [node, laggard?.reason ?? 'well']));
};

describe('heartbeats with reports', () => {
  it('become the adoption of the datacenter, with its authority, its ledger and its laggards', async () => {
    const token = await bench.token({ kind: 'service', service: 'web' });
    const call = bench.callOf({ kind: 'agent', datacenter: 'dc1', node: 'well' });
    await lan.signLeaf({ csrPem: await bench.csr('ns/default/dc/dc1/svc/web'), token, reason: 'first' }, call);
    await told('well');
    await told('behind', { bundle: [] });
    await told('skewed', {}, 31_000);
    await beat('old');
    expect(await reasonsWith(3)).toEqual({ behind: 'pending', old: 'version', skewed: 'clock-skew', well: 'well' });
    const adoption = await bench.core.adoption.read();
    expect(adoption).toMatchObject({
      datacenter: 'dc1',
      bundle: [rootId()],
      signingRootId: rootId(),
      agents: { total: 4, live: 4, trusting: { [rootId()]: 2 } },
      leaves: { [rootId()]: 9 },
      ledgerLeaves: { [rootId()]: 1 },
      signing: { budgetPerSecond: 250, measuredPerSecond: expect.any(Number) },
    });
    expect(adoption.horizons[rootId()]).toBeGreaterThan(bench.core.ambient.clock.now());
  });

  it('are answered with the spread of renewals: leaves and agents by four fifths of the budget', async () => {
    await reasonsWith(3);
    // 9 leaves and the certificates of 3 agents that say theirs, at 0.8 × 250 per second.
    expect((await told('well')).reissueSpreadMs).toBe(60);
  });

  it.each(['{', '{"bundle":7}'])('are heartbeats all the same when the report is %s', async (reportJson) => {
    expect(await beat('well', { reportJson })).toMatchObject({ known: true });
    expect((await reasonsWith(3))['well']).toBe('well');
  });

  it('of a node that left the catalog are forgotten', async () => {
    const { core } = bench;
    await core.catalogWriter.deregister({ node: 'behind' });
    expect(await reasonsWith(3)).toEqual({ old: 'version', skewed: 'clock-skew', well: 'well' });
    await core.agentReports.forgetAllBut(['well', 'skewed'], 0);
    expect(await core.store.dataSource.manager.count(AgentReportRow)).toBe(2);
  });
});
