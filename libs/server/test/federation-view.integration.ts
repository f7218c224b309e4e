import { NO_SIDECARS } from '@banyan/adoption';
import { withTestStore } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PrimaryRole, SecondaryRole } from '../src/index.js';
import { LanService } from '../src/edges/lan-service.js';
import {
  forgetPlace,
  type Json,
  MANAGEMENT,
  placeOf,
  type Server,
  startPrimary,
  startSecondary,
  tieTo,
  until,
} from './federation-bench.js';

const stores = withTestStore();
const LIMIT_MS = 90_000;

let dc1: Server<PrimaryRole>;
let dc2: Server<SecondaryRole>;
let places: Record<string, string>[];
let isCut = false;
beforeAll(async () => {
  places = [await placeOf('dc1', await stores.freshUrl()), await placeOf('dc2', await stores.freshUrl())];
  dc1 = await startPrimary(places[0]!);
  dc2 = await startSecondary({ ...places[1]!, ...tieTo(dc1) });
}, LIMIT_MS);
afterAll(async () => {
  if (!isCut) await dc2.stop();
  await dc1.stop();
  places.forEach(forgetPlace);
});

const FEDERATION = '/v1/operator/federation';
const entryOf = (view: Json, name: string): Json => view['Datacenters']!.find(({ Name }) => String(Name) === name)!;
const wordOf = (value: Json | undefined): string => String(value);

/** An agent of dc2, as its server hears it. */
const heartbeat = async (): Promise<void> => {
  const lan = new LanService(dc2.core, () => {
    throw new Error('no HTTP here');
  });
  await lan.heartbeat({
    node: 'n1',
    address: '10.0.0.1',
    version: '0.1.0',
    observedMs: dc2.core.ambient.clock.now(),
    nodeJson: JSON.stringify({ node: { Node: 'n1', Address: '10.0.0.1', Meta: {} }, services: [], checks: [] }),
    reportJson: JSON.stringify({
      bundle: [],
      leaves: { byRoot: {}, rateLimited: 0 },
      ...NO_SIDECARS,
      clockOffsetMs: 0,
      version: '0.1.0',
    }),
  });
};

/** Events of a topic until one is as wished. */
const followed = async (path: string, topic: string, isAsWished: (body: Json) => boolean): Promise<Json> => {
  const response = await fetch(`http://${dc1.env['BANYAN_HTTP_BIND']}${path}`, {
    headers: { 'x-consul-token': MANAGEMENT },
    signal: AbortSignal.timeout(60_000),
  });
  let text = '';
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk as Uint8Array).toString('utf8');
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks.filter((each) => each.startsWith(`event: ${topic}\n`))) {
      const body = JSON.parse(block.slice(block.indexOf('data: ') + 6)) as Json;
      if (isAsWished(body)) return body;
    }
  }
  throw new Error(`the stream ended before ${topic} was as wished: ${text}`);
};

describe('the federation', () => {
  it(
    'is known to the primary as every datacenter tells it',
    async () => {
      await heartbeat();
      const view = await until(
        'dc2 is ready with one agent',
        () => dc1.ask(FEDERATION),
        (body) => {
          const entry = entryOf(body, 'dc2') as Json | undefined;
          return wordOf(entry?.['State']) === 'READY' && Number(entry!['Agents']!['Live']) === 1;
        },
      );
      const { active, trustDomain } = dc2.core.ca.state;
      expect(view).toMatchObject({ Datacenter: 'dc1', PrimaryDatacenter: 'dc1', TrustDomain: trustDomain!.name });
      expect(entryOf(view, 'dc1')).toMatchObject({ Role: 'primary', State: 'READY', Link: { State: 'self' } });
      expect(entryOf(view, 'dc2')).toMatchObject({
        Role: 'secondary',
        WANAddresses: [dc2.env['BANYAN_WAN_BIND']],
        Link: { State: 'up' },
        LagIndex: expect.any(Number),
        Servers: [{ Name: 'dc2-server-1', Alive: true, Leases: ['authority'] }],
        Agents: { Total: 1, Live: 1, Versions: { '0.1.0': 1 } },
        SigningRootID: active!.rootId,
        Intermediate: { SerialNumber: active!.certificate.serialHex, KeyID: active!.certificate.subjectKeyId },
      });
    },
    LIMIT_MS,
  );

  it(
    'is itself and a tie to a secondary',
    async () => {
      const view = await until(
        'dc2 is ready, hears its primary and has answered a canary',
        () => dc2.ask(FEDERATION),
        (body) =>
          wordOf(entryOf(body, 'dc2')['State']) === 'READY' &&
          wordOf(entryOf(body, 'dc2')['Canary']!['State']) === 'GREEN' &&
          wordOf(entryOf(body, 'dc1')['Link']!['State']) === 'up',
      );
      expect(view).toMatchObject({ Datacenter: 'dc2', PrimaryDatacenter: 'dc1' });
      expect(entryOf(view, 'dc2')).toMatchObject({ Link: { State: 'self' }, Canary: { State: 'GREEN' } });
      expect(entryOf(view, 'dc1')).toMatchObject({ Role: 'primary', State: 'UNKNOWN', Servers: [] });
    },
    LIMIT_MS,
  );

  it(
    'shows the tree of trust with the intermediate of every datacenter',
    async () => {
      const tree = (await dc1.ask('/v1/connect/ca/authorities')).json() as Json;
      const authority = tree['Datacenters']!.find(({ Datacenter }) => wordOf(Datacenter) === 'dc2')!;
      const { pem, der } = dc2.core.ca.state.active!.certificate;
      expect(authority).toMatchObject({ Intermediate: { PEM: pem }, ChainBytes: der.length });
      const inspected = await dc1.ask('/v1/connect/ca/inspect', { method: 'POST', body: { PEM: pem } });
      expect(inspected.json()).toMatchObject({ Trusted: true });
    },
    LIMIT_MS,
  );

  it(
    'is told as events, those of another datacenter through this server',
    async () => {
      const own = await followed('/v1/operator/events?topics=federation', 'federation', () => true);
      expect(wordOf(own['Datacenter'])).toBe('dc1');
      const other = await followed(
        '/v1/operator/events?dc=dc2&topics=federation,replication',
        'federation',
        () => true,
      );
      expect(wordOf(other['Datacenter'])).toBe('dc2');
    },
    LIMIT_MS,
  );

  it(
    'names a clock that is wrong where nothing is worse',
    async () => {
      const { clocks, ambient } = dc1.core;
      clocks.heard('a sundial', ambient.clock.now() - 600_000);
      const own = entryOf((await dc1.ask(FEDERATION)).json() as Json, 'dc1');
      expect(own).toMatchObject({ State: 'CLOCK_SKEW', Reason: expect.stringContaining('a sundial') });
      clocks.heard('a sundial', ambient.clock.now());
      expect(wordOf(entryOf((await dc1.ask(FEDERATION)).json() as Json, 'dc1')['State'])).toBe('READY');
    },
    LIMIT_MS,
  );

  it(
    'says of a datacenter that fell silent what it last said',
    async () => {
      isCut = true;
      await dc2.stop();
      const view = await followed(
        '/v1/operator/events?topics=federation',
        'federation',
        (body) => wordOf(entryOf(body, 'dc2')['Link']!['State']) === 'down',
      );
      expect(entryOf(view, 'dc2')).toMatchObject({
        State: 'UNKNOWN',
        Reason: expect.stringMatching(/^not heard for \d+ s; it last said READY$/),
      });
    },
    LIMIT_MS,
  );
});
