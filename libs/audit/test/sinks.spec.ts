import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { SilentLogger, SystemRandom, SystemTimers } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { eventually as comesTrue, withTestStore } from '@banyan/testkit';
import {
  AuditAct,
  AuditCopier,
  type AuditSink,
  type AuditTrail,
  FileSink,
  outcomeOf,
  StreamSink,
  toWireAudit,
  verifyAuditLines,
} from '../src/index.js';
import { factsOf, trailOf, trailOn } from './records.js';

const stores = withTestStore();
const eventually = (holds: () => boolean): Promise<void> => comesTrue('the entries are copied', holds);
let folder: string;
let path: string;
let store: Store;
let trail: AuditTrail;
let copiers: AuditCopier[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-audit-'));
  path = join(folder, 'trail', 'audit.jsonl');
  store = await stores.open();
  trail = trailOn(store, { onFailure: 'refuse' });
  copiers = [];
});
afterEach(async () => {
  await Promise.all(copiers.map((copier) => copier.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const fileSink = (mostBytes = 1_000_000, keep = 3): FileSink => new FileSink({ path, mostBytes, keep });
const copyTo = (sink: AuditSink): AuditCopier => {
  const parts = { timers: new SystemTimers(), random: new SystemRandom(), logger: new SilentLogger() };
  const copier = new AuditCopier({ store, server: 'server-1', sink, ...parts });
  trail.copiedBy(copier);
  copier.start();
  copiers.push(copier);
  return copier;
};
const record = (target = 'x', by = trail): Promise<void> => by.close(new AuditAct(factsOf({ target })), outcomeOf(''));
const linesOf = (file = path): string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
const targets = (file = path): unknown[] =>
  linesOf(file).map((line) => (JSON.parse(line) as { Target: unknown }).Target);

describe('the file of a server', () => {
  it('gets every entry of this server, is for nobody else to read, and proves itself', async () => {
    await record('before-the-start');
    copyTo(fileSink());
    await record('a');
    await record('of another server', trailOn(store, { server: 'server-2' }));
    await record('b');
    await eventually(() => linesOf().length === 3);
    expect(targets()).toEqual(['before-the-start', 'a', 'b']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(verifyAuditLines(linesOf(), { chain: 'server' })).toMatchObject({ valid: true, entries: 3 });
  });

  it('goes on after its last whole line when the server comes back', async () => {
    const first = copyTo(fileSink());
    await record('a');
    await eventually(() => linesOf().length === 1);
    await first.stop();
    await record('while it was away');
    appendFileSync(path, '{"Seq":3,"half a li');
    copyTo(fileSink());
    await eventually(() => linesOf().length === 2);
    await record('c');
    await eventually(() => linesOf().length === 3);
    expect(targets()).toEqual(['a', 'while it was away', 'c']);
  });

  it('is put aside when it is full, and goes on from there after a restart', async () => {
    const line = JSON.stringify(toWireAudit(trailOf(['server-1'])[0]!)).length;
    const sink = (): FileSink => fileSink(line * 3, 2);
    const copier = copyTo(sink());
    for (let n = 1; n <= 8; n += 1) {
      await record(`t${n}`);
      await eventually(() => targets().includes(`t${n}`));
    }
    await copier.stop();
    const all = [...targets(`${path}.2`), ...targets(`${path}.1`), ...targets()];
    expect(all.at(-1)).toBe('t8');
    expect(all).toEqual(Array.from({ length: all.length }, (_, n) => `t${9 - all.length + n}`));
    expect(existsSync(`${path}.3`)).toBe(false);
    expect(statSync(path).size).toBeLessThanOrEqual(line * 3);
    writeFileSync(path, '');
    copyTo(sink());
    await record('t9');
    await eventually(() => targets().includes('t9'));
    expect(targets().slice(-1)).toEqual(['t9']);
  });

  it('that does not end with an entry is left alone', async () => {
    const sink = fileSink();
    expect(await sink.last()).toBe(0);
    writeFileSync(path, 'somebody’s notes\n');
    await expect(fileSink().last()).rejects.toMatchObject({ name: 'BanyanError', code: 'AUDIT_BROKEN' });
    expect(readFileSync(path, 'utf8')).toBe('somebody’s notes\n');
  });
});

describe('a sink that fails', () => {
  it('stops acts while the policy says so, and gets what it missed when it is back', async () => {
    let isFull = false;
    const written: string[] = [];
    const sink: AuditSink = {
      name: 'file on a full disk',
      last: async () => 0,
      write: async (lines) => {
        if (isFull) throw new Error('ENOSPC: no space left on device');
        written.push(...lines.trimEnd().split('\n'));
      },
    };
    const copier = copyTo(sink);
    await record('a');
    await eventually(() => written.length === 1);
    isFull = true;
    await record('b');
    await eventually(() => copier.failing !== undefined);
    expect(trail.note).toContain('ENOSPC');
    await expect(trail.admit()).rejects.toMatchObject({ name: 'BanyanError', code: 'AUDIT_UNAVAILABLE' });
    isFull = false;
    copier.wake();
    await eventually(() => copier.failing === undefined);
    await trail.admit();
    expect(written.map((line) => (JSON.parse(line) as { Target: string }).Target)).toEqual(['a', 'b']);
  });
});

describe('the standard output', () => {
  it('gets the entries from the start on, one per line', async () => {
    await record('before');
    const out = new PassThrough();
    const chunks: string[] = [];
    out.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    const copier = copyTo(new StreamSink('standard output', out));
    // Where it begins is known only once it has looked.
    for (let tries = 0; chunks.length === 0 && tries < 500; tries += 1) await record('now');
    await copier.stop();
    expect(chunks.join('')).not.toContain('"before"');
    expect(chunks.join('')).toContain('"Target":"now"');
  });
});
