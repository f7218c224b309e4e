import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseInitialTokens } from '@banyan/acl';
import { SilentLogger } from '@banyan/kernel';
import { readSettings } from '@banyan/settings';
import { freeAddress } from '@banyan/testkit';
import { DatacenterCore, DatacenterLinks, DatacenterServer, PrimaryRole, primarySettings } from '../src/index.js';

/** A primary called dc1 with all its edges, in this process. */
export interface RunningServer {
  readonly core: DatacenterCore;
  readonly lan: string;
  readonly http: string;
  /** Asks the HTTP API with the management token. */
  ask(path: string, init?: { readonly method?: string; readonly body?: unknown }): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

const MANAGEMENT = '5f0e7a52-1d51-4c4e-9b1c-9a4b2c9f6a01';
const unread = (): never => {
  throw new Error('no file is named');
};

/** Starts a server over that database; its data folder is removed when it stops. */
export const startServer = async (databaseUrl: string, name: string): Promise<RunningServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-server-'));
  const [http, lan, wan] = [await freeAddress(), await freeAddress(), await freeAddress()];
  const env = {
    BANYAN_DATACENTER: 'dc1',
    BANYAN_NODE_NAME: name,
    BANYAN_DATA_DIR: folder,
    BANYAN_DATABASE_URL: databaseUrl,
    BANYAN_KEK: Buffer.alloc(32, 7).toString('base64'),
    BANYAN_HTTP_BIND: http,
    BANYAN_LAN_BIND: lan,
    BANYAN_WAN_BIND: wan,
  };
  const settings = readSettings(primarySettings, { env, readFile: unread });
  const core = await DatacenterCore.open(settings, new SilentLogger(), unread);
  let role: PrimaryRole;
  const server = await DatacenterServer.start({
    core,
    links: new DatacenterLinks(core),
    role: (entrance) =>
      (role = new PrimaryRole({ core, settings, kinds: [], http: entrance, onRoot: () => undefined })),
    beforeListening: async () => {
      const { index } = await role.tokenWriter.import(
        parseInitialTokens(JSON.stringify([{ role: { kind: 'management' }, secret: MANAGEMENT }])),
      );
      await core.follower.reached(index, { limitMs: 10_000 });
    },
  });
  return {
    core,
    lan,
    http,
    ask: async (path, { method = 'GET', body } = {}) => {
      const response = await fetch(`http://${http}${path}`, {
        method,
        headers: { 'x-consul-token': MANAGEMENT, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      });
      return { status: response.status, text: await response.text(), headers: response.headers };
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
