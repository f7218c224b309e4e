import { withTestStore } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyAuditLines } from '@banyan/audit';
import type { PrimaryRole, SecondaryRole } from '../src/index.js';
import {
  forgetPlace,
  type Json,
  placeOf,
  REPLICATION,
  type Server,
  startPrimary,
  startSecondary,
  tieTo,
  until,
} from './federation-bench.js';

const stores = withTestStore();
const LIMIT_MS = 120_000;
const EXACT = '/v1/connect/intentions/exact?source=web&destination=api';

let dc1: Server<PrimaryRole>;
let dc2: Server<SecondaryRole>;
let places: Record<string, string>[];
let file: string;
beforeAll(async () => {
  places = [await placeOf('dc1', await stores.freshUrl()), await placeOf('dc2', await stores.freshUrl())];
  file = join(places[0]!['BANYAN_DATA_DIR']!, 'audit', 'audit.jsonl');
  dc1 = await startPrimary({ ...places[0]!, BANYAN_AUDIT_FILE: file });
  dc2 = await startSecondary({ ...places[1]!, ...tieTo(dc1) });
  await until(
    'dc2 follows',
    () => dc2.ask('/v1/replication'),
    ({ State }) => String(State) === 'READY',
  );
}, LIMIT_MS);
afterAll(async () => {
  await dc2.stop();
  await dc1.stop();
  places.forEach(forgetPlace);
});

type AnyServer = Pick<Server<unknown>, 'ask'>;
const entriesOf = async ({ ask }: AnyServer, query = ''): Promise<readonly Json[]> =>
  (await ask(`/v1/audit${query}`)).json()['Entries'] as unknown as Json[];
const summary = (entries: readonly Json[]): string[] =>
  entries.map(({ Action, Target, Result }) => [Action, Target, Result].join(' '));

const lines = (): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');

describe('the audit trails of two datacenters', () => {
  it('have the making of the secondary: its intermediate, by the token that it showed', async () => {
    const [signed] = await entriesOf(dc1, '?action=intermediate.sign');
    expect(signed).toMatchObject({
      Result: 'ok',
      Target: 'datacenter/dc2',
      TokenName: 'of the secondary',
      Method: 'RPC',
      After: { Datacenter: 'dc2' },
    });
    expect(signed!['RemoteAddress']).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it(
    'have a write that was sent through the secondary where it was made, with who sent it from where',
    async () => {
      const written = await dc2.ask(EXACT, { method: 'PUT', body: { Action: 'allow' } });
      expect([written.status, written.text]).toEqual([200, 'true']);
      const [entry] = await entriesOf(dc1, '?action=intention.');
      expect(entry).toMatchObject({
        Datacenter: 'dc1',
        Server: 'dc1-server-1',
        Action: 'intention.write',
        Target: 'intention/web/api',
        TokenName: 'all',
        Result: 'ok',
        Before: null,
        After: { Action: 'allow' },
      });
      expect(entry!['RemoteAddress']).toMatch(/^127\.0\.0\.1:\d+ via 127\.0\.0\.1:\d+$/);
      const denied = await dc2.ask(EXACT, { method: 'DELETE', token: REPLICATION });
      expect(denied.status).toBe(403);
      expect(summary(await entriesOf(dc2, '?action=intention.'))).toEqual([
        'intention.delete intention/web/api denied',
      ]);
      expect(summary(await entriesOf(dc1, '?action=intention.'))).toEqual(['intention.write intention/web/api ok']);
    },
    LIMIT_MS,
  );

  it('have a write to another datacenter there, and a token that only its making names', async () => {
    const made = await dc1.ask('/v1/acl/token', { method: 'PUT', body: { Role: { kind: 'service', service: 'web' } } });
    const { AccessorID, SecretID } = made.json() as unknown as Record<string, string>;
    const [entry] = await entriesOf(dc1, '?action=token.create');
    expect(entry).toMatchObject({ Target: `token/${AccessorID}`, Result: 'ok', After: { Role: { service: 'web' } } });
    await dc1.ask('/v1/catalog/register?dc=dc2', { method: 'PUT', body: { Node: 'n9', Address: '10.0.0.9' } });
    expect(summary(await entriesOf(dc2, '?action=catalog.register'))).toEqual(['catalog.register node/n9 ok']);
    expect(await entriesOf(dc1, '?action=catalog.register')).toEqual([]);
    const everything = (await dc1.ask('/v1/audit/export')).text + (await dc2.ask('/v1/audit/export')).text;
    for (const secret of [SecretID!, REPLICATION]) expect(everything).not.toContain(secret);
  });

  it('have a new epoch and the steps of a rotation', async () => {
    const plan = (await dc1.ask('/v1/connect/ca/rotations', { method: 'POST', body: { DryRun: true } })).json();
    const body = { PlanHash: plan['PlanHash'], Reason: 'drill' };
    const { ID } = (await dc1.ask('/v1/connect/ca/rotations', { method: 'POST', body })).json() as unknown as {
      ID: string;
    };
    await dc1.ask(`/v1/connect/ca/rotations/${ID}/pause`, { method: 'PUT', body: { Reason: 'lunch' } });
    await dc1.ask(`/v1/connect/ca/rotations/${ID}/rollback`, { method: 'PUT', body: { Reason: 'enough' } });
    expect(summary(await entriesOf(dc1, '?action=rotation.&after=0'))).toEqual([
      `rotation.start rotation/${ID} ok`,
      `rotation.pause rotation/${ID} ok`,
      `rotation.rollback rotation/${ID} ok`,
    ]);
    await dc1.ask('/v1/replication/new-epoch', { method: 'PUT' });
    expect(summary(await entriesOf(dc1, '?limit=1'))).toEqual(['replication.new-epoch replication/epoch ok']);
  });

  it('are proved by each server, and by anybody from the export or the file', async () => {
    for (const server of [dc1, dc2] as readonly AnyServer[]) {
      const proof = (await server.ask('/v1/audit/verify')).json();
      expect(proof).toMatchObject({ Valid: true });
      const { text } = await server.ask('/v1/audit/export');
      expect(verifyAuditLines(text.split('\n'), { chain: 'datacenter' })).toMatchObject({
        valid: true,
        head: { seq: proof['Head']!['Seq'] },
      });
    }
    const entries = Number((await dc1.ask('/v1/audit/verify')).json()['Entries']);
    await until(
      'the file has them all',
      () => dc1.ask('/v1/status/leader'),
      () => existsSync(file) && lines().length === entries,
    );
    expect(verifyAuditLines(lines(), { chain: 'server' })).toMatchObject({ valid: true, entries });
  });
});
