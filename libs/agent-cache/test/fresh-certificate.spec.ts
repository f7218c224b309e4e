import { Clock, type EpochMs, epochMs, HOUR, MINUTE, SystemClock } from '@banyan/kernel';
import { Certificate, verifyChain } from '@banyan/pki';
import {
  eventually,
  FakeEntrySource,
  FakeLeafSigner,
  FakeTime,
  forgeChain,
  RecordingLogger,
  ScriptedRandom,
  TestAuthority,
} from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import { BundleEntry, LeafCache, refusalOfFresh, WatchedEntry } from '../src/index.js';

const TD = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const serverNow = epochMs(Date.UTC(2031, 0, 1));

/** What an agent whose clock is off says of a leaf that a server, whose clock is right, has just signed for so long. */
const refusal = (offMs: number, lifeMs: number, change: object = {}) => {
  const validity = { notBefore: epochMs(serverNow - MINUTE), notAfter: epochMs(serverNow + lifeMs) };
  const forged = forgeChain({ trustDomain: TD, now: serverNow, leaf: { ...validity, ...change } });
  const leaf: Certificate = forged.leaf.certificate;
  const now = epochMs(serverNow + offMs);
  const presented = [leaf, forged.intermediate.certificate];
  const verdict = verifyChain({ presented, anchors: [forged.root.certificate], now, usage: 'tls-server' });
  return verdict.ok ? undefined : refusalOfFresh(leaf, verdict, now);
};

describe('a certificate that was signed a moment ago', () => {
  it.each([
    ['10 min behind', -10 * MINUTE, HOUR / 2, "our clock is at least 600 s behind the server's"],
    ['a little more than a minute behind', -61_000, HOUR / 2, "our clock is at least 61 s behind the server's"],
    ['20 min ahead of a short life', 20 * MINUTE, 10 * MINUTE, "our clock is at least 600 s ahead of the server's"],
  ])('tells a clock that is %s', (_what, offMs, lifeMs, words) => {
    expect(refusal(offMs, lifeMs)).toMatchObject({ code: 'CLOCK_SKEW', message: expect.stringContaining(words) });
  });

  it('is accepted with a clock within the minute that it is backdated', () => {
    expect(refusal(-59_000, HOUR / 2)).toBeUndefined();
  });

  it('keeps the code of what is wrong with it otherwise', () => {
    expect(refusal(0, HOUR / 2, { extendedKeyUsage: [] })).toMatchObject({ code: 'CHAIN_USAGE_INVALID' });
  });
});

/** The server's clock, ahead of the agent's by as much as the test says. */
class ServerClock extends Clock {
  aheadMs = 10 * MINUTE;
  constructor(private readonly time: FakeTime) {
    super();
  }
  override now(): EpochMs {
    return epochMs(this.time.now + this.aheadMs);
  }
}

describe('a leaf that an agent asks for with a clock 10 min behind', () => {
  const path = '/v1/connect/ca/roots';
  const never = new AbortController().signal;

  it('is refused as CLOCK_SKEW, and asked for again after half a minute, however often it is read', async () => {
    const authority = await TestAuthority.create(TD, 'first');
    const time = new FakeTime(new SystemClock().now());
    const server = new ServerClock(time);
    const logger = new RecordingLogger();
    const tools = { clock: time.clock, timers: time.timers, random: new ScriptedRandom([0.5]), logger };
    const source = new FakeEntrySource();
    const signer = new FakeLeafSigner(authority, server);
    const bundle = new BundleEntry(new WatchedEntry({ path, token: undefined }, source, tools));
    bundle.entry.start();
    const leaves = new LeafCache({ ...tools, datacenter: 'dc1', signer, bundle, reissueSlotMs: () => 0 });
    source.publish(path, { index: 1, body: authority.rootsAnswer() });
    try {
      const { entry } = leaves.entry('web', undefined);
      const read = () => entry.read({ minIndex: 0, waitMs: 0, signal: never });
      for (let reads = 0; reads < 20; reads += 1) {
        await expect(read()).rejects.toMatchObject({ name: 'BanyanError', code: 'CLOCK_SKEW' });
      }
      await time.advance(29_000);
      expect(signer.asked).toHaveLength(1);
      expect(logger.of('leaf not renewed')).toMatchObject([{ service: 'web', code: 'CLOCK_SKEW' }]);
      server.aheadMs = 0;
      await time.advance(1_000);
      await eventually('it is there', () => entry.current !== undefined);
      expect((await read()).certificate.uris).toHaveLength(1);
      expect(signer.asked).toHaveLength(2);
    } finally {
      await leaves.stop();
      await bundle.entry.stop();
    }
  });
});
