import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.js';

/** One datacenter of real processes: a primary server with its embedded database, and an agent. */
export interface SmallMesh {
  readonly agent: Child;
  readonly agentPort: number;
  /** HTTP of the server. */
  readonly serverPort: number;
  readonly token: string;
  stop(): Promise<void>;
}

const TOKEN = '5b0f5f0e-0000-4000-8000-benchmark000';
const READY_LIMIT_MS = 60_000;
/** The compiled entry of an app. */
export const appScript = (name: string): string =>
  fileURLToPath(new URL(`../../apps/${name}/src/main.js`, import.meta.url));

/** A port of 127.0.0.1 on which nobody listens. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** Waits until the server or agent on that port is ready. */
export const untilReady = async (child: Child, port: number): Promise<void> => {
  const signal = AbortSignal.timeout(READY_LIMIT_MS);
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal }).catch(() => undefined);
    if (answer?.ok) return;
    if (signal.aborted) throw new Error(`not ready on port ${port}:\n${child.output()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
};

export const startSmallMesh = async (): Promise<SmallMesh> => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-'));
  const [http, lan, wan, agentPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const tokens = [
    { role: { kind: 'management' }, secret: TOKEN },
    { role: { kind: 'agent', node: 'bench' }, secret: `${TOKEN}-agent` },
  ];
  writeFileSync(join(folder, 'tokens.json'), JSON.stringify(tokens), { mode: 0o600 });
  const common = { BANYAN_DATACENTER: 'dc1', BANYAN_NODE_NAME: 'bench', BANYAN_LOG_LEVEL: 'warn' };
  const server = startChild(appScript('primary-server'), [], {
    ...common,
    BANYAN_DATA_DIR: join(folder, 'server'),
    BANYAN_HTTP_BIND: `127.0.0.1:${http}`,
    BANYAN_LAN_BIND: `127.0.0.1:${lan}`,
    BANYAN_WAN_BIND: `127.0.0.1:${wan}`,
    BANYAN_INITIAL_TOKENS_FILE: join(folder, 'tokens.json'),
  });
  await untilReady(server, http);
  const agent = startChild(appScript('agent'), [], {
    ...common,
    BANYAN_DATA_DIR: join(folder, 'agent'),
    BANYAN_HTTP_BIND: `127.0.0.1:${agentPort}`,
    BANYAN_SERVER_LAN_ADDRESSES: `127.0.0.1:${lan}`,
    BANYAN_AGENT_TOKEN: `${TOKEN}-agent`,
    BANYAN_ROOT_FINGERPRINT: readFileSync(join(folder, 'server', 'root.fingerprint'), 'utf8').trim(),
  });
  await untilReady(agent, agentPort);
  return {
    agent,
    agentPort,
    serverPort: http,
    token: TOKEN,
    stop: async () => {
      await agent.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
