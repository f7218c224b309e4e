import { SecretText } from '@banyan/kernel';
import { FakeEntrySource, FakeTime, RecordingLogger, ScriptedRandom, settled } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AgentCache, BundleEntry, type EntryRead, entryKey, WatchedEntry } from '../src/index.js';

const PATH = '/v1/catalog/services';
const HOUR = 3_600_000;
const never = new AbortController().signal;

const read = (of: WatchedEntry, minIndex = 0, waitMs = 60_000): Promise<EntryRead> =>
  of.read({ minIndex, waitMs, signal: never });
/** Body, index and age of a read. */
const told = async (reading: Promise<EntryRead>): Promise<string> => {
  const { value, ageSeconds } = await reading;
  return `${value.body.toString()}@${value.index} ${ageSeconds}s`;
};
/** What became of a read that waits. */
const watched = (reading: Promise<EntryRead>): { outcome: string } => {
  const watch = { outcome: 'waits' };
  told(reading).then(
    (text) => (watch.outcome = text),
    (error: { code: string }) => (watch.outcome = error.code),
  );
  return watch;
};

describe('the agent’s memory', () => {
  let time: FakeTime;
  let source: FakeEntrySource;
  let logger: RecordingLogger;
  let cache: AgentCache;
  beforeEach(() => {
    time = new FakeTime();
    source = new FakeEntrySource();
    logger = new RecordingLogger();
    cache = new AgentCache(source, { clock: time.clock, timers: time.timers, random: new ScriptedRandom(), logger });
  });
  afterEach(() => cache.stop());

  const entry = (path = PATH, token?: string): WatchedEntry =>
    cache.entry({ path, token: token === undefined ? undefined : new SecretText(token) }).entry;
  describe('WatchedEntry', () => {
    it('waits for the first value, and then answers from memory without asking again', async () => {
      const first = watched(read(entry()));
      await time.advance(4_000);
      expect(first.outcome).toBe('waits');
      source.publish(PATH, { index: 7, body: 'seven' });
      await settled();
      expect(first.outcome).toBe('seven@7 0s');
      expect(await told(read(entry()))).toBe('seven@7 0s');
      expect(source.followed).toHaveLength(1);
    });

    it('gives a first read up after 5 s', async () => {
      const first = watched(read(entry()));
      await time.advance(4_999);
      expect(first.outcome).toBe('waits');
      await time.advance(1);
      expect(first.outcome).toBe('SERVER_UNREACHABLE');
    });

    it('blocks by index until there is news or the time is up, and forgets who went away', async () => {
      source.publish(PATH, { index: 7, body: 'seven' });
      await told(read(entry()));
      const [patient, hasty] = [watched(read(entry(), 7)), watched(read(entry(), 7, 1_000))];
      const gone = new AbortController();
      const left = watched(entry().read({ minIndex: 7, waitMs: 60_000, signal: gone.signal }));
      await time.advance(999);
      expect([patient.outcome, hasty.outcome]).toEqual(['waits', 'waits']);
      gone.abort();
      await time.advance(1);
      expect([left.outcome, hasty.outcome]).toEqual(['ABORTED', 'seven@7 0s']);
      source.publish(PATH, { index: 9, body: 'nine' });
      await settled();
      expect(patient.outcome).toBe('nine@9 0s');
      expect(entry().inUse).toBe(false);
    });

    it('tells at once of an index that went back: the servers’ store was restored', async () => {
      source.publish(PATH, { index: 90, body: 'late' });
      await told(read(entry()));
      const blocked = watched(read(entry(), 90));
      source.publish(PATH, { index: 3, body: 'restored' });
      await settled();
      expect(blocked.outcome).toBe('restored@3 0s');
    });

    it('tells listeners of what is another value only', async () => {
      const heard: number[] = [];
      const end = entry().onValue((value) => heard.push(value.index));
      for (const index of [1, 1, 2]) {
        source.publish(PATH, { index, body: 'same' });
        await settled();
      }
      end();
      source.publish(PATH, { index: 3, body: 'same' });
      await settled();
      expect(heard).toEqual([1, 2]);
    });

    it('serves what it has while the servers are away, with its age, and is current again when they are back', async () => {
      source.publish(PATH, { index: 7, body: 'seven' });
      await told(read(entry()));
      source.isAway = true;
      await time.advance(90_500);
      expect(await told(read(entry()))).toBe('seven@7 90s');
      source.isAway = false;
      await time.advance(12_000);
      expect(await told(read(entry()))).toBe('seven@7 0s');
    });

    it('after it has worked begins again with short waits, and says so each time it is lost', async () => {
      source.publish(PATH, { index: 7, body: 'seven' });
      const watching = entry();
      await told(read(watching));
      for (let lost = 1; lost <= 3; lost += 1) {
        source.isAway = true;
        await time.advance(60_000);
        source.isAway = false;
        await time.advance(12_000);
        expect(logger.of('cache entry has lost its server')).toHaveLength(lost);
      }
      source.isAway = true;
      await settled();
      expect(time.waits[0]).toBe(200);
    });

    it('hands a refusal to readers, in the server’s words, and forgets what was there', async () => {
      source.publish(PATH, { index: 7, body: 'seven' });
      await told(read(entry()));
      source.publish(PATH, { index: 8, status: 403, body: 'Permission denied: lacks service:read' });
      await settled();
      await expect(read(entry())).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        message: 'Permission denied: lacks service:read',
      });
      expect(entry().current).toBeUndefined();
      source.publish(PATH, { index: 9, body: 'nine' });
      await settled();
      expect(await told(read(entry()))).toBe('nine@9 0s');
    });

    it.each([
      [403, 'ACL not found', 'ACL_NOT_FOUND'],
      [400, 'Invalid index', 'REQUEST_INVALID'],
      [404, 'no such path', 'ROUTE_NOT_FOUND'],
    ])('names the refusal %s "%s": %s', async (status, body, code) => {
      source.publish(PATH, { index: 1, status, body });
      await expect(read(entry())).rejects.toMatchObject({ name: 'BanyanError', code, message: body });
    });

    it('takes trouble of a server for no refusal: what is there stays good', async () => {
      source.publish(PATH, { index: 7, body: 'seven' });
      await told(read(entry()));
      source.publish(PATH, { index: 8, status: 500, body: 'the database is away' });
      await settled();
      expect(await told(read(entry()))).toBe('seven@7 0s');
    });

    it('ends its waits when it is stopped', async () => {
      source.publish(PATH, { index: 7, body: 'seven' });
      const watching = entry();
      await told(read(watching));
      const blocked = watched(read(watching, 7));
      await cache.stop();
      await settled();
      expect(blocked.outcome).toBe('seven@7 0s');
    });
  });

  describe('AgentCache', () => {
    it('never answers one token with what another may see', async () => {
      source.publish(PATH, { index: 1, body: 'for a' }, 'a');
      source.publish(PATH, { index: 1, body: 'for b' }, 'b');
      source.publish(PATH, { index: 1, body: 'for all' });
      expect(await told(read(entry(PATH, 'a')))).toBe('for a@1 0s');
      expect(await told(read(entry(PATH, 'b')))).toBe('for b@1 0s');
      expect(await told(read(entry()))).toBe('for all@1 0s');
      expect(cache.size).toBe(3);
      expect(entryKey(PATH, new SecretText('secret-a'))).not.toContain('secret');
    });

    it('says whether a read was there already', async () => {
      source.publish(PATH, { index: 1, body: 'x' });
      const { hit } = cache.entry({ path: PATH, token: undefined });
      await told(read(entry()));
      expect([hit, cache.entry({ path: PATH, token: undefined }).hit]).toEqual([false, true]);
    });

    it('drops what nobody has read for 72 h, and keeps what is read or listened to', async () => {
      for (const path of ['/read', '/idle', '/roots']) source.publish(path, { index: 1, body: 'x' });
      const bundle = new BundleEntry(entry('/roots'));
      await told(read(entry('/idle')));
      for (let hours = 0; hours < 80; hours += 20) {
        await told(read(entry('/read')));
        await time.advance(20 * HOUR);
      }
      expect(cache.size).toBe(2);
      source.publish('/roots', { index: 2, body: 'next' });
      await settled();
      expect(bundle.entry.current?.index).toBe(2);
      expect(cache.entry({ path: '/idle', token: undefined }).hit).toBe(false);
    });

    it('follows at most 10,000 reads: the least recently used goes first, and never one that is listened to', async () => {
      const bundle = new BundleEntry(entry('/roots'));
      entry('/first');
      await time.advance(1);
      for (let n = 0; n < 9_998; n += 1) entry(`/read/${n}`);
      expect(cache.size).toBe(10_000);
      entry('/one-more');
      await settled();
      expect(cache.size).toBe(10_000);
      expect(cache.entry({ path: '/roots', token: undefined }).entry).toBe(bundle.entry);
      const followed = source.followed.length;
      entry('/first');
      await settled();
      expect(source.followed).toHaveLength(followed + 1);
    });
  });
});
