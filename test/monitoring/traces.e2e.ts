import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { eventually } from '../e2e/harness/eventually.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { Rotations } from '../e2e/harness/rotations.js';
import { secretsIn } from '../e2e/harness/run-secrets.js';
import { Collector } from './harness/collector.js';

/** Spans are sent every second here. */
const ARRIVAL_LIMIT_MS = 30_000;

describe('traces', () => {
  let collector: Collector;
  const env: Record<string, string> = { OTEL_BSP_SCHEDULE_DELAY: '1000' };
  beforeAll(async () => {
    collector = await Collector.start();
    env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
  });
  afterAll(() => collector.stop());

  const suite = meshSuite(
    async (mesh) => {
      await mesh.startServers();
      await mesh.startAgents();
    },
    { env },
  );

  /** Waits for a span of that name of a process whose parents all came, with exactly that way to it. */
  const travelled = (way: readonly string[]): Promise<void> =>
    eventually(`a trace ${way.join(' → ')}`, { limitMs: ARRIVAL_LIMIT_MS, everyMs: 200 }, () => {
      const last = way.at(-1)!;
      const ends = collector.spans.filter((span) => `${span.process} of ${span.datacenter}: ${span.name}` === last);
      expect(ends.map((span) => collector.wayTo(span))).toContainEqual(way);
    });

  suite.step('lead from an agent to the server that signs its leaf', async (mesh) => {
    await mesh.dc2.askAgent({ path: '/v1/agent/connect/ca/leaf/web' });
    await travelled([
      'banyan-agent of dc2: leaf.request',
      'banyan-agent of dc2: banyan.lan.v1.Lan/SignLeaf',
      'banyan-secondary-server of dc2: banyan.lan.v1.Lan/SignLeaf',
      'banyan-secondary-server of dc2: leaf.issue',
    ]);
  });

  suite.step('lead from an agent over its server to the primary, with a write that belongs there', async (mesh) => {
    expect(await mesh.dc2.putIntentionByAgent('web', 'api', 'allow')).toMatchObject({ status: 200 });
    await travelled([
      'banyan-agent of dc2: request.forward',
      'banyan-agent of dc2: banyan.lan.v1.Lan/Forward',
      'banyan-secondary-server of dc2: banyan.lan.v1.Lan/Forward',
      'banyan-secondary-server of dc2: banyan.wan.v1.Wan/Forward',
      'banyan-primary-server of dc1: banyan.wan.v1.Wan/Forward',
    ]);
    await travelled(['banyan-secondary-server of dc2: replication.round']);
  });

  suite.step('show the steps of a rotation, and the intermediate that the primary signs for it', async (mesh) => {
    const rotations = new Rotations(mesh.dc1);
    const { ID } = await rotations.start();
    await rotations.reaches(ID, 'verify');
    await travelled(['banyan-primary-server of dc1: rotation.step']);
    await travelled([
      'banyan-secondary-server of dc2: intermediate.request',
      'banyan-secondary-server of dc2: banyan.wan.v1.Wan/SignIntermediate',
      'banyan-primary-server of dc1: banyan.wan.v1.Wan/SignIntermediate',
    ]);
    const phases = collector.spans.filter(({ name }) => name === 'rotation.step').map((span) => span.attributes);
    expect(phases.every((attributes) => attributes['banyan.rotation'] === ID)).toBe(true);
    expect(new Set(phases.map((attributes) => attributes['banyan.phase'])).size).toBeGreaterThan(2);
  });

  suite.step('hold no secret', async (mesh) => {
    expect(collector.spans.length).toBeGreaterThan(20);
    expect(secretsIn(collector.text, mesh.secrets)).toEqual([]);
  });
});
