import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretText } from '@banyan/kernel';
import { readSettings } from '@banyan/settings';
import { eventually, freeAddress, RecordingLogger } from '@banyan/testkit';
import {
  DatacenterCore,
  DatacenterLinks,
  DatacenterServer,
  PrimaryRole,
  primaryName,
  primarySettings,
  SecondaryRole,
  secondarySettings,
} from '../src/index.js';

export const MANAGEMENT = '5f0e7a52-1d51-4c4e-9b1c-9a4b2c9f6a01';
export const REPLICATION = '5f0e7a52-1d51-4c4e-9b1c-9a4b2c9f6a02';

const unread = (): never => {
  throw new Error('no file is named');
};

/** An answer of the HTTP API. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: () => Record<string, never> & Json;
}
/** Any JSON, as tests read it. */
export type Json = { readonly [name: string]: Json } & readonly Json[] & { readonly valueOf: () => unknown };

/** A server of either role with all its edges, in this process. */
export interface Server<Role> {
  readonly core: DatacenterCore;
  readonly role: Role;
  readonly logger: RecordingLogger;
  readonly env: Readonly<Record<string, string>>;
  ask(
    path: string,
    init?: { readonly method?: string; readonly body?: unknown; readonly token?: string },
  ): Promise<Answer>;
  stop(): Promise<void>;
}

/** A server's own part of the environment: the same database, folder and ports each time it is started. */
export const placeOf = async (datacenter: string, databaseUrl: string): Promise<Record<string, string>> => ({
  BANYAN_DATACENTER: datacenter,
  BANYAN_NODE_NAME: `${datacenter}-server-1`,
  BANYAN_DATA_DIR: mkdtempSync(join(tmpdir(), 'banyan-server-')),
  BANYAN_DATABASE_URL: databaseUrl,
  BANYAN_KEK: Buffer.alloc(32, 7).toString('base64'),
  BANYAN_HTTP_BIND: await freeAddress(),
  BANYAN_LAN_BIND: await freeAddress(),
  BANYAN_WAN_BIND: await freeAddress(),
});

export const forgetPlace = (place: Record<string, string>): void =>
  rmSync(place['BANYAN_DATA_DIR']!, { recursive: true, force: true });

const asking =
  (env: Readonly<Record<string, string>>): Server<unknown>['ask'] =>
  async (path, { method = 'GET', body, token = MANAGEMENT } = {}) => {
    const response = await fetch(`http://${env['BANYAN_HTTP_BIND']}${path}`, {
      method,
      headers: { 'x-consul-token': token, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(25_000),
    });
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) as Record<string, never> & Json };
  };

export const startPrimary = async (env: Record<string, string>, secondary = 'dc2'): Promise<Server<PrimaryRole>> => {
  const settings = readSettings(primarySettings, { env, readFile: unread });
  const logger = new RecordingLogger();
  const core = await DatacenterCore.open(settings, logger, unread);
  let role: PrimaryRole | undefined;
  const server = await DatacenterServer.start({
    core,
    links: new DatacenterLinks(core),
    role: (http) => (role = new PrimaryRole({ core, settings, kinds: [], http, onRoot: () => undefined })),
    beforeListening: async () => {
      const { index } = await role!.tokenWriter.import([
        { role: { kind: 'management' }, secretId: new SecretText(MANAGEMENT), description: 'all' },
        {
          role: { kind: 'replication', datacenter: secondary },
          secretId: new SecretText(REPLICATION),
          description: 'of the secondary',
        },
      ]);
      await core.follower.reached(index, { limitMs: 10_000 });
    },
  });
  await eventually('the primary signs', () => core.identity.rotating.material !== undefined);
  return { core, role: role!, logger, env, ask: asking(env), stop: () => server.stop() };
};

/** The part of a secondary's environment that ties it to a primary. */
export const tieTo = (primary: Server<PrimaryRole>): Record<string, string> => ({
  BANYAN_PRIMARY_WAN_ADDRESS: primary.env['BANYAN_WAN_BIND']!,
  BANYAN_ROOT_FINGERPRINT: primary.core.ca.wantedRoot!.certificate.fingerprintSha256,
  BANYAN_REPLICATION_TOKEN: REPLICATION,
});

export const startSecondary = async (env: Record<string, string>): Promise<Server<SecondaryRole>> => {
  const settings = readSettings(secondarySettings, { env, readFile: unread });
  const logger = new RecordingLogger();
  const core = await DatacenterCore.open(settings, logger, unread);
  const links = new DatacenterLinks(core, (datacenter) =>
    datacenter === primaryName(core, settings) ? settings.BANYAN_PRIMARY_WAN_ADDRESS : [],
  );
  let role: SecondaryRole | undefined;
  const server = await DatacenterServer.start({
    core,
    links,
    role: (http) => (role = new SecondaryRole(core, settings, links, http)),
  });
  return { core, role: role!, logger, env, ask: asking(env), stop: () => server.stop() };
};

/** Asks until the answer is as wished, for 60 s: a datacenter that is no longer trusted looks every few seconds. */
export const until = async (
  what: string,
  ask: () => Promise<Answer>,
  isAsWished: (body: Json) => boolean,
): Promise<Json> => {
  const limit = performance.now() + 60_000;
  for (;;) {
    const answer = await ask();
    const body = answer.status === 200 ? (answer.json() as Json) : undefined;
    if (body !== undefined && isAsWished(body)) return body;
    if (performance.now() > limit)
      throw new Error(`did not come true within 60 s: ${what}; last ${answer.text.slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
