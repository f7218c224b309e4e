import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ComposeProject, type PublishedPort } from './compose-project.js';

/** The promise: what must be done once is done by another server within this. */
const TAKEOVER_LIMIT_MS = 10_000;
const DATACENTERS = ['dc1', 'dc2'] as const;
const AGENT = { dc1: 'dc1Agent', dc2: 'dc2Agent' } as const satisfies Record<string, PublishedPort>;

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Listed {
  readonly Name: string;
  readonly Alive: boolean;
  readonly Leases: readonly { readonly Name: string; readonly Fencing: number }[];
}

let project: ComposeProject;
let token = '';

beforeAll(async () => {
  project = await ComposeProject.create(['docker-compose.yml', 'docker-compose.ha.yml']);
  await project.up();
  token = await project.mustCompose(['run', '--rm', '--no-deps', '-T', 'setup', 'cat', '/secrets/management.token']);
}, 550_000);

afterAll(async () => {
  await project.down();
}, 130_000);

const ask = async (port: PublishedPort, path: string, init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(project.url(port, path), {
    ...init,
    headers: { 'x-consul-token': token, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(5_000),
  });
  return { status: response.status, text: await response.text() };
};

/** Repeats until `attempt` does not throw; what it threw last, after `limitMs`. */
const within = async <T>(limitMs: number, attempt: () => Promise<T>): Promise<{ value: T; tookMs: number }> => {
  const start = performance.now();
  for (;;) {
    try {
      return { value: await attempt(), tookMs: performance.now() - start };
    } catch (error) {
      if (performance.now() - start > limitMs) throw error;
    }
    await pause(100);
  }
};

/** The servers of a datacenter, as its agent tells: from whichever server answers. */
const serversOf = async (datacenter: 'dc1' | 'dc2'): Promise<readonly Listed[]> => {
  const { status, text } = await ask(AGENT[datacenter], '/v1/operator/servers');
  expect(status).toBe(200);
  return (JSON.parse(text) as { Servers: readonly Listed[] }).Servers;
};

/** The compose service of the holder, and its fencing number. Both servers of a datacenter are called by their node. */
const holderOf = async (datacenter: 'dc1' | 'dc2'): Promise<{ service: string; fencing: number }> => {
  const holder = (await serversOf(datacenter)).find(({ Leases }) => Leases.some(({ Name }) => Name === 'authority'));
  expect(holder).toBeDefined();
  return {
    service: holder!.Name === `${datacenter}-server-1` ? `${datacenter}-server` : holder!.Name,
    fencing: holder!.Leases.find(({ Name }) => Name === 'authority')!.Fencing,
  };
};

let written = 0;
const write = async (datacenter: 'dc1' | 'dc2'): Promise<void> => {
  const path = `/v1/connect/intentions/exact?source=probe-${(written += 1)}&destination=api`;
  const body = JSON.stringify({ SourceType: 'consul', Action: 'allow' });
  expect(await ask(AGENT[datacenter], path, { method: 'PUT', body })).toEqual({ status: 200, text: 'true' });
};

let leaves = 0;
const freshLeaf = async (datacenter: 'dc1' | 'dc2'): Promise<void> => {
  const { status, text } = await ask(AGENT[datacenter], `/v1/agent/connect/ca/leaf/probe-${(leaves += 1)}`);
  expect([status, text]).toEqual([200, expect.stringContaining(`/dc/${datacenter}/svc/probe-`)]);
};

/** Asks web, which asks api through the mesh, again and again; gives what did not pass. */
const meshLoad = (): { stop(): Promise<{ passed: number; failed: string[] }> } => {
  const stopping = new AbortController();
  let passed = 0;
  const failed: string[] = [];
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const answer = await ask('web', '/').catch((error: unknown) => ({ status: 0, text: String(error) }));
      if (answer.status === 200) passed += 1;
      else failed.push(`${answer.status} ${answer.text}`);
      await pause(50);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
      return { passed, failed };
    },
  };
};

describe('docker compose: two servers per datacenter', () => {
  it('lists both servers of each datacenter, and carries requests', async () => {
    for (const datacenter of DATACENTERS) {
      const { value } = await within(15_000, async () => {
        const servers = await serversOf(datacenter);
        expect(servers.filter(({ Alive }) => Alive)).toHaveLength(2);
        return servers;
      });
      expect(value.map(({ Name }) => Name)).toEqual([`${datacenter}-server-1`, `${datacenter}-server-2`]);
    }
    await within(60_000, async () => expect(await ask('web', '/')).toMatchObject({ status: 200 }));
  });

  it.each(DATACENTERS)(
    'goes on when the holder of %s is killed: writes within 10 s, leaves and requests throughout, and takes it back',
    async (datacenter) => {
      const { value: before } = await within(TAKEOVER_LIMIT_MS, () => holderOf(datacenter));
      const load = meshLoad();
      await project.mustCompose(['kill', before.service]);
      const taken = within(TAKEOVER_LIMIT_MS, async () => {
        const after = await holderOf(datacenter);
        expect(after.service).not.toBe(before.service);
        return after;
      });
      const [wrote, signed] = await Promise.all([
        within(TAKEOVER_LIMIT_MS, () => write(datacenter)),
        within(TAKEOVER_LIMIT_MS, () => freshLeaf(datacenter)),
      ]);
      const { value: after, tookMs } = await taken;
      console.info(
        `${datacenter}: lease after ${Math.round(tookMs)} ms, write after ${Math.round(wrote.tookMs)} ms, leaf after ${Math.round(signed.tookMs)} ms`,
      );
      expect(after.fencing).toBe(before.fencing + 1);
      expect(wrote.tookMs).toBeLessThan(TAKEOVER_LIMIT_MS);
      await write(datacenter);

      await project.mustCompose(['start', before.service]);
      await within(60_000, async () =>
        expect((await serversOf(datacenter)).filter(({ Alive }) => Alive)).toHaveLength(2),
      );
      // The one that came back leaves the lease where it is.
      expect(await holderOf(datacenter)).toEqual(after);
      const { passed, failed } = await load.stop();
      expect(failed).toEqual([]);
      expect(passed).toBeGreaterThan(20);
    },
    120_000,
  );

  it('goes on when the holder of dc1 is paused, which steps down when it goes on', async () => {
    const { value: before } = await within(TAKEOVER_LIMIT_MS, () => holderOf('dc1'));
    const load = meshLoad();
    await project.mustCompose(['pause', before.service]);
    try {
      const { value: after, tookMs } = await within(TAKEOVER_LIMIT_MS + 5_000, async () => {
        const holder = await holderOf('dc1');
        expect(holder.service).not.toBe(before.service);
        return holder;
      });
      console.info(`dc1: the lease of a paused holder was taken over after ${Math.round(tookMs)} ms`);
      expect(after.fencing).toBe(before.fencing + 1);
      await within(TAKEOVER_LIMIT_MS, () => write('dc1'));
      await within(TAKEOVER_LIMIT_MS, () => write('dc2'));
      await freshLeaf('dc1');
    } finally {
      await project.mustCompose(['unpause', before.service]);
    }
    await within(15_000, async () => {
      const logs = await project.mustCompose(['logs', '--no-color', '--since', '60s', before.service]);
      expect(logs).toContain('"msg":"a lease is no longer held"');
    });
    expect((await load.stop()).failed).toEqual([]);
  }, 120_000);

  it('publishes no more ports than with one server each', async () => {
    const ids = (await project.mustCompose(['ps', '-aq'])).split('\n');
    const format = '{{range $port, $binds := .NetworkSettings.Ports}}{{range $binds}}{{.HostIp}} {{end}}{{end}}';
    const { stdout } = await project.docker(['inspect', '-f', format, ...ids]);
    expect(stdout.split(/\s+/).filter((host) => host !== '')).toEqual(Array.from({ length: 5 }, () => '127.0.0.1'));
  });
});
