import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { get } from 'node:http';
import type { Issuance } from '@banyan/ca';
import { injectHttp } from '@banyan/http-kit';
import { epochMs, HOUR, SystemTimers } from '@banyan/kernel';
import { LedgerWriter, StoreLedgerReader } from '@banyan/ledger';
import type { Store } from '@banyan/store';
import { eventually, withTestStore } from '@banyan/testkit';
import { type Api, SECRETS, startApi } from './api-fixture.js';

const LEDGER = '/v1/connect/ca/ledger';
const START = epochMs(Date.UTC(2031, 0, 1));
const ENTRIES = 12_000;
const stores = withTestStore();

const issuance = (n: number): Issuance => ({
  kind: 'service',
  serialHex: `40:${(n + 256)
    .toString(16)
    .padStart(4, '0')
    .replace(/(..)(..)/, '$1:$2')}`,
  uri: `spiffe://td.consul/ns/default/dc/dc1/svc/s${n % 10}`,
  subject: `s${n % 10}`,
  issuerKeyId: 'aa:01',
  rootId: '11:11',
  requester: { accessorId: 'acc', node: `n${n % 3}`, reason: 'renewal' },
  notBefore: START,
  notAfter: epochMs(START + 72 * HOUR),
  issuedAt: epochMs(START + n * 1_000),
});

describe('the issuance ledger', () => {
  let store: Store;
  let api: Api;
  const pool = () =>
    store.dataSource.query(`SELECT count(*)::int AS busy FROM pg_stat_activity
    WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`);
  beforeAll(async () => {
    store = await stores.open();
    const writer = new LedgerWriter({ datacenter: 'dc1', server: 'server-1', store, timers: new SystemTimers() });
    await Promise.all(Array.from({ length: ENTRIES }, (_, n) => writer.record(issuance(n))));
    api = await startApi(true, new StoreLedgerReader(store, 'dc1'));
  });
  afterAll(() => api.stop());

  const read = async (query: string): Promise<{ Entries: { Seq: number }[]; Next?: number }> =>
    JSON.parse((await api.ask('GET', `${LEDGER}${query}`, 'reader')).body);
  const seqs = async (query: string): Promise<number[]> => (await read(query)).Entries.map(({ Seq }) => Seq);

  it('is for operators only', async () => {
    for (const path of [LEDGER, `${LEDGER}/export`, `${LEDGER}/verify`]) {
      const answers = [
        await api.ask('GET', path),
        await api.ask('GET', path, 'web'),
        await api.ask('GET', path, 'agent'),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
      expect(answers[1]!.body).toContain(`lacks permission 'operator:read'`);
    }
  });

  it('is searched by service, serial, issuer, node and time', async () => {
    const answer = await read('?service=s3&limit=2');
    expect(answer).toEqual({
      Entries: [expect.objectContaining({ Seq: 11_994 }), expect.objectContaining({ Seq: 11_984 })],
      Next: 11_984,
    });
    expect(answer.Entries[0]).toMatchObject({
      Kind: 'service',
      Serial: issuance(11_993).serialHex,
      URI: 'spiffe://td.consul/ns/default/dc/dc1/svc/s3',
      Subject: 's3',
      IssuerKeyID: 'aa:01',
      RootID: '11:11',
      AccessorID: 'acc',
      Node: 'n2',
      Reason: 'renewal',
      NotBefore: '2031-01-01T00:00:00.000Z',
      NotAfter: '2031-01-04T00:00:00.000Z',
      IssuedAt: '2031-01-01T03:19:53.000Z',
      Server: 'server-1',
    });
    expect(await seqs('?service=s3&limit=2&before=11984')).toEqual([11_974, 11_964]);
    expect(await seqs('?serial=40:01:00')).toEqual([1]);
    expect(await seqs('?serial=40010A')).toEqual([11]);
    expect(await seqs('?issuer=AA01&limit=1')).toEqual([12_000]);
    expect(await seqs('?node=n1&limit=1')).toEqual([11_999]);
    expect(await seqs('?since=2031-01-01T00:00:02Z&until=2031-01-01T00:00:04Z')).toEqual([4, 3]);
    expect(await read('?service=nobody')).toEqual({ Entries: [] });
    const typo = await api.ask('GET', `${LEDGER}?serial=zz`, 'reader');
    expect([typo.status, typo.body]).toEqual([400, 'Invalid value for ?serial: hexadecimal, such as 40:01:0a']);
    const nul = await api.ask('GET', `${LEDGER}?service=a%00b`, 'reader');
    expect([nul.status, nul.body]).toEqual([400, 'A query parameter has a NUL character']);
  });

  it('gives the last page without a next one', async () => {
    expect(await read('?service=s3&before=20&limit=5')).toMatchObject({ Entries: [{ Seq: 14 }, { Seq: 4 }] });
    expect((await read('?service=s3&before=20&limit=5')).Next).toBeUndefined();
  });

  it.each([
    ['limit=1001', 'Invalid value for ?limit'],
    ['limit=-1', 'Invalid value for ?limit'],
    ['before=x', 'Invalid value for ?before'],
    ['since=yesterday', 'Invalid value for ?since'],
  ])('refuses ?%s by name', async (query, text) => {
    const answer = await api.ask('GET', `${LEDGER}?${query}`, 'reader');
    expect([answer.status, answer.body.startsWith(text)]).toEqual([400, true]);
  });

  it('is exported whole as lines that prove themselves', async () => {
    const answer = await api.ask('GET', `${LEDGER}/export`, 'reader');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/jsonl']);
    const lines = answer.body.trimEnd().split('\n');
    expect(lines).toHaveLength(ENTRIES);
    let previous = createHash('sha256').update('banyan issuance ledger of dc1').digest('hex');
    for (const [place, line] of lines.entries()) {
      const { Hash, ...rest } = JSON.parse(line) as Record<string, unknown>;
      const repeated = createHash('sha256')
        .update(JSON.stringify(Object.values(rest)))
        .digest('hex');
      if (Hash !== repeated || rest['PrevHash'] !== previous) expect([place, Hash]).toEqual([place, repeated]);
      previous = repeated;
    }
    const tail = await api.ask('GET', `${LEDGER}/export?after=11998`, 'reader');
    expect(
      tail.body
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { Seq: number }).Seq),
    ).toEqual([11_999, 12_000]);
    expect((await api.ask('GET', `${LEDGER}/export?after=12000`, 'reader')).body).toBe('');
  });

  it('is exported in bounded answers where it is carried on', async () => {
    const headers = { 'x-consul-token': SECRETS.reader };
    const answer = await injectHttp(api.app, { method: 'GET', path: `${LEDGER}/export`, headers, origin: 'agent' });
    const lines = answer.body.toString().trimEnd().split('\n');
    expect([answer.status, lines.length]).toEqual([200, 5_000]);
  });

  it('reads no further than a client takes, and stops when it goes', async () => {
    const request = get({
      port: api.port,
      path: `${LEDGER}/export`,
      headers: { 'x-consul-token': SECRETS.reader },
    });
    const response = await new Promise<import('node:http').IncomingMessage>((resolve) =>
      request.once('response', resolve),
    );
    response.pause();
    expect(response.statusCode).toBe(200);
    request.destroy();
    await new Promise((resolve) => response.once('close', resolve));
    let busy = 1;
    const look = async (): Promise<void> => {
      busy = ((await pool()) as { busy: number }[])[0]!.busy;
    };
    await look();
    await eventually('no statement of the export runs any more', () => {
      void look();
      return busy === 0;
    });
    expect(await seqs('?limit=1')).toEqual([ENTRIES]);
  });

  it('is proved, also against a place that was noted, and a break is named', async () => {
    const proof = async (query = ''): Promise<Record<string, unknown>> =>
      JSON.parse((await api.ask('GET', `${LEDGER}/verify${query}`, 'reader')).body);
    const whole = await proof();
    expect(whole).toMatchObject({ Valid: true, Entries: ENTRIES, Checkpoint: { Seq: 0 }, Head: { Seq: ENTRIES } });
    const { Hash } = whole['Head'] as { Hash: string };
    expect(await proof(`?anchor=${ENTRIES}:${Hash}`)).toMatchObject({ Valid: true });
    expect(await proof(`?anchor=7:${Hash}`)).toMatchObject({ Valid: false, Break: { Seq: 7, Kind: 'anchor' } });
    const refused = await api.ask('GET', `${LEDGER}/verify?anchor=7`, 'reader');
    expect([refused.status, refused.body.startsWith('Invalid value for ?anchor')]).toEqual([400, true]);
    await store.dataSource.query(`UPDATE issuance SET node = 'n9' WHERE seq = 4711`);
    expect(await proof()).toMatchObject({
      Valid: false,
      Entries: 4_710,
      Break: { Seq: 4_711, Kind: 'changed', Detail: 'entry 4711 is not what its hash was made of' },
    });
  });
});
