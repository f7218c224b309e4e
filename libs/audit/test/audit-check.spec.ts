import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { epochMs } from '@banyan/kernel';
import { AuditCheck, wholeTrail } from '../src/domain/audit-check.js';
import { chainedRecords, serverGenesis } from '../src/domain/audit-entry.js';
import {
  type AuditEntry,
  auditGenesis,
  auditHash,
  fromWireAudit,
  toWireAudit,
  verifyAuditLines,
} from '../src/index.js';
import { recordOf, trailOf } from './records.js';

const placeOf = ({ seq, hash }: AuditEntry) => ({ seq, hash });
const headsOf = (entries: readonly AuditEntry[]) => ({
  datacenter: placeOf(entries.at(-1)!),
  servers: new Map(entries.map(({ server, serverSeq, hash }) => [server, { seq: serverSeq, hash }])),
});
const breakOf = (entries: readonly AuditEntry[], written: readonly AuditEntry[] = entries) => {
  const check = new AuditCheck('dc1', wholeTrail('dc1'));
  check.follow(entries);
  return check.end(headsOf(written));
};
/** What somebody does who knows how hashes are made, but cannot change what was noted elsewhere. */
const rehashed = (entry: AuditEntry): AuditEntry => ({ ...entry, hash: auditHash(entry) });

describe('the chain of an audit trail', () => {
  const trail = trailOf(['s1', 's2', 's1', 's1', 's2', 's3']);

  it('holds as it was written, in pages of any size, and from any checkpoint', () => {
    expect(breakOf(trail)).toBeUndefined();
    const check = new AuditCheck('dc1', headsOf(trail.slice(0, 3)));
    for (const entry of trail.slice(3)) expect(check.follow([entry])).toBe(true);
    expect([check.end(headsOf(trail)), check.entries]).toEqual([undefined, 3]);
    expect(trail.map(({ server, serverSeq }) => `${server}:${serverSeq}`)).toEqual([
      's1:1',
      's2:1',
      's1:2',
      's1:3',
      's2:2',
      's3:1',
    ]);
  });

  const changes: readonly (readonly [string, Partial<AuditEntry>])[] = [
    ['time', { at: epochMs(1) }],
    ['datacenter', { datacenter: 'dc2' }],
    ['server', { server: 's3' }],
    ['number of the server', { serverSeq: 9 }],
    ['accessor', { accessorId: 'x' }],
    ['token name', { tokenName: 'x' }],
    ['address', { remoteAddress: 'x' }],
    ['action', { action: 'x' }],
    ['method', { method: 'x' }],
    ['path', { path: 'x' }],
    ['target', { target: 'x' }],
    ['result', { result: 'denied' }],
    ['code', { code: 'x' }],
    ['state before', { before: { Action: 'deny' } }],
    ['state after', { after: null }],
    ['link of the server', { serverPrevHash: auditGenesis('x') }],
    ['link of the datacenter', { prevHash: auditGenesis('x') }],
    ['hash', { hash: auditGenesis('x') }],
  ];
  it.each(changes)('breaks at an entry whose %s was changed', (what, part) => {
    const changed = trail.with(2, { ...trail[2]!, ...part });
    expect(breakOf(changed, trail)).toMatchObject({ seq: 3, kind: what === 'datacenter' ? 'unlinked' : 'changed' });
  });

  it('breaks after an entry that was changed and hashed anew', () => {
    const forged = trail.with(2, rehashed({ ...trail[2]!, accessorId: 'somebody-else' }));
    expect(breakOf(forged, trail)).toMatchObject({ seq: 4, kind: 'unlinked', server: 's1' });
  });

  it('breaks where an entry was removed or put in', () => {
    expect(breakOf(trail.toSpliced(1, 1), trail)).toMatchObject({ seq: 2, kind: 'missing' });
    const forged = chainedRecords(
      { datacenter: placeOf(trail[0]!), server: { seq: 0, hash: serverGenesis('dc1', 's2') } },
      [recordOf({ accessorId: 'x' })],
      { datacenter: 'dc1', server: 's2' },
    );
    expect(breakOf(trail.toSpliced(1, 1, ...forged), trail)).toMatchObject({ seq: 3, kind: 'unlinked' });
  });

  it('breaks when the last entries of one server are gone, although what is left of that server fits together', () => {
    const cut = trail.filter(({ server, serverSeq }) => server !== 's2' || serverSeq < 2);
    expect(breakOf(cut, cut)).toMatchObject({ seq: 5, kind: 'missing', server: 's3' });
  });

  it('breaks when the last entries of all are gone, and names the server whose head says so', () => {
    expect(breakOf(trail.slice(0, 5), trail)).toMatchObject({ seq: 6, kind: 'end' });
    const heads = headsOf(trail.slice(0, 5));
    const check = new AuditCheck('dc1', wholeTrail('dc1'));
    check.follow(trail.slice(0, 5));
    expect(check.end({ ...heads, servers: headsOf(trail).servers })).toMatchObject({ kind: 'end', server: 's3' });
  });

  it('breaks when two servers’ entries were swapped', () => {
    const [, two, three] = trail;
    const swapped = trail
      .with(1, { ...two!, server: three!.server, serverSeq: three!.serverSeq })
      .with(2, { ...three!, server: two!.server, serverSeq: two!.serverSeq });
    expect(breakOf(swapped, trail)).toMatchObject({ seq: 2, kind: 'changed', server: 's1' });
    const hashed = swapped.map(rehashed);
    expect(breakOf(hashed, trail)).toMatchObject({ seq: 2, kind: 'unlinked', server: 's1' });
  });

  it('is no other datacenter’s', () => {
    expect(breakOf(trailOf(['s1'], 'dc2'), trail)).toMatchObject({ seq: 1, kind: 'unlinked' });
  });
});

const proof = (text: readonly string[], anchor?: { seq: number; hash: string }) =>
  verifyAuditLines(text, { chain: 'datacenter', ...(anchor && { anchor }) });
const own = (text: readonly string[]) => verifyAuditLines(text, { chain: 'server' });

describe('lines of a trail, without a server', () => {
  const trail = trailOf(['s1', 's2', 's1', 's2', 's2']);
  const lines = trail.map((entry) => JSON.stringify(toWireAudit(entry)));

  it('prove themselves by what anybody can repeat', () => {
    const { Hash, ...rest } = JSON.parse(lines[0]!) as Record<string, unknown>;
    const repeated = createHash('sha256')
      .update(JSON.stringify(Object.values(rest)))
      .digest('hex');
    expect([repeated, rest['PrevHash'], rest['ServerPrevHash']]).toEqual([
      Hash,
      auditGenesis('dc1'),
      serverGenesis('dc1', 's1'),
    ]);
    expect(fromWireAudit(JSON.parse(lines[0]!))).toEqual(trail[0]);
  });

  it('hold as they were exported, from the beginning and from later on, and say from where', () => {
    expect(proof(lines)).toEqual({
      valid: true,
      entries: 5,
      from: { seq: 0, hash: auditGenesis('dc1') },
      head: placeOf(trail[4]!),
    });
    expect(proof([...lines.slice(2), ''])).toMatchObject({ valid: true, entries: 3, from: placeOf(trail[1]!) });
    expect(proof([])).toMatchObject({ valid: true, entries: 0 });
  });

  it.each([
    ['a removed line', (all: string[]) => all.toSpliced(2, 1), 3, 'missing'],
    ['a changed value', (all: string[]) => all.with(1, all[1]!.replace('"ada"', '"eve"')), 2, 'changed'],
    ['a time written in another way', (all: string[]) => all.with(1, all[1]!.replace('.000Z', 'Z')), 2, 'changed'],
    ['another member', (all: string[]) => all.with(1, all[1]!.replace('{', '{"More":1,')), 2, 'changed'],
    ['half a line', (all: string[]) => all.with(4, all[4]!.slice(0, 100)), 5, 'changed'],
    ['two lines in the other order', (all: string[]) => [all[1]!, all[0]!, ...all.slice(2)], 2, 'missing'],
  ])('break at %s', (_what, change, line, kind) => {
    expect(proof(change([...lines])).firstBreak).toMatchObject({ line, kind });
  });

  it('must lead through what was noted earlier, which is how a cut end is found', () => {
    expect(proof(lines, placeOf(trail[4]!))).toMatchObject({ valid: true });
    expect(proof(lines.slice(0, 4), placeOf(trail[4]!)).firstBreak).toMatchObject({ seq: 5, kind: 'anchor' });
    expect(proof(lines, { seq: 4, hash: auditGenesis('x') }).firstBreak).toMatchObject({ seq: 4, kind: 'anchor' });
  });

  it('of one server’s file hold by themselves, and break where one is gone or another’s', () => {
    const second = lines.filter((line) => line.includes('"Server":"s2"'));
    expect(own(second)).toMatchObject({ valid: true, entries: 3, head: { seq: 3, hash: trail[4]!.hash } });
    expect(own(second.toSpliced(1, 1)).firstBreak).toMatchObject({ line: 2, kind: 'missing' });
    expect(own([second[0]!, lines[2]!]).firstBreak).toMatchObject({ line: 2, kind: 'changed' });
  });
});

describe('a record', () => {
  it('is stored without control characters, halves of characters and endless texts', () => {
    const [entry] = chainedRecords(
      { datacenter: { seq: 0, hash: '' }, server: { seq: 0, hash: '' } },
      [recordOf({ path: 'a\u0000b\ud800c', target: 'x'.repeat(600), after: { Long: 'y'.repeat(20_000) } })],
      { datacenter: 'dc1', server: 's1' },
    );
    expect(entry!.path).toBe('a\uFFFDb\uFFFDc');
    expect([entry!.target.length, entry!.target.at(-1)]).toEqual([512, '…']);
    expect(entry!.after).toEqual({ TooLong: 20_011 });
  });
});
