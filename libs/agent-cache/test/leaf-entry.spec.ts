import { BanyanError, HOUR, MINUTE, SecretText, SystemClock } from '@banyan/kernel';
import { importPrivateKeyPem, parseCertificates } from '@banyan/pki';
import {
  eventually,
  FakeEntrySource,
  FakeLeafSigner,
  FakeTime,
  RecordingLogger,
  ScriptedRandom,
  settled,
  TestAuthority,
} from '@banyan/testkit';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BundleEntry, type Leaf, LeafCache, type LeafEntry, renewalMoment, WatchedEntry } from '../src/index.js';

const TRUST_DOMAIN = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const ROOTS = '/v1/connect/ca/roots';
const SLOT_MS = 10 * MINUTE;
const never = new AbortController().signal;

describe('leaves', () => {
  let first: TestAuthority;
  let second: TestAuthority;
  let time: FakeTime;
  let source: FakeEntrySource;
  let signer: FakeLeafSigner;
  let random: ScriptedRandom;
  let bundle: BundleEntry;
  let leaves: LeafCache;
  let slotMs: number;
  beforeAll(async () => {
    first = await TestAuthority.create(TRUST_DOMAIN, 'first');
    second = await TestAuthority.create(TRUST_DOMAIN, 'second');
  });
  beforeEach(() => {
    time = new FakeTime(new SystemClock().now());
    source = new FakeEntrySource();
    slotMs = SLOT_MS;
    signer = new FakeLeafSigner(first, time.clock);
    random = new ScriptedRandom([0.5]);
    const tools = { clock: time.clock, timers: time.timers, random, logger: new RecordingLogger() };
    const roots = new WatchedEntry({ path: ROOTS, token: undefined }, source, tools);
    bundle = new BundleEntry(roots);
    roots.start();
    leaves = new LeafCache({ ...tools, datacenter: 'dc1', signer, bundle, reissueSlotMs: () => slotMs });
  });
  afterEach(async () => {
    await leaves.stop();
    await bundle.entry.stop();
  });

  const trust = (authority: TestAuthority, ...older: TestAuthority[]): void =>
    source.publish(ROOTS, { index: source.followed.length + older.length, body: authority.rootsAnswer(older) });
  const web = (token?: string): LeafEntry =>
    leaves.entry('web', token === undefined ? undefined : new SecretText(token)).entry;
  const read = (minIndex = 0, waitMs = 60_000): Promise<Leaf> => web().read({ minIndex, waitMs, signal: never });
  const issued = async (): Promise<Leaf> => {
    trust(first);
    return read();
  };
  const asked = (times: number): Promise<void> =>
    eventually(`the signer is asked ${times} times`, () => signer.asked.length === times);
  const anotherThan = async (leaf: Leaf): Promise<Leaf> => {
    await eventually('another leaf', () => web().current !== leaf);
    await settled();
    return web().current!;
  };
  const passed = (leaf: Leaf, share: number): number =>
    leaf.certificate.notBefore + (leaf.certificate.notAfter - leaf.certificate.notBefore) * share - time.now;

  it('are made here: the key never leaves, the chain is verified, and the URI names the service', async () => {
    const leaf = await issued();
    const uri = `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`;
    expect(leaf.uri).toBe(uri);
    expect(leaf.certificate.uris).toEqual([uri]);
    expect(parseCertificates(leaf.chainPem)).toHaveLength(2);
    expect(importPrivateKeyPem(leaf.privateKeyPem).publicKey.equals(leaf.certificate.publicKey)).toBe(true);
  });

  it('wait for the first roots instead of failing', async () => {
    const reading = read();
    await time.advance(2_000);
    expect(signer.asked).toEqual([]);
    trust(first);
    expect((await reading).certificate.uris).toHaveLength(1);
  });

  it('tell after 10 s that no server signed', async () => {
    const reading = read();
    const told = expect(reading).rejects.toMatchObject({ name: 'BanyanError', code: 'SERVER_UNREACHABLE' });
    await time.advance(10_000);
    await told;
  });

  it('belong to a token: another token has its own, signed for with that token', async () => {
    trust(first);
    const mine = await web('a').read({ minIndex: 0, waitMs: 0, signal: never });
    const yours = await web('b').read({ minIndex: 0, waitMs: 0, signal: never });
    expect(mine.privateKeyPem).not.toBe(yours.privateKeyPem);
    expect(signer.asked).toEqual(['a', 'b']);
    expect(leaves.size).toBe(2);
  });

  it('are renewed at the moment that was drawn, once per leaf', async () => {
    const leaf = await issued();
    expect(leaf.renewAt).toBe(renewalMoment(leaf.certificate, 0.5));
    const drawn = random.drawn;
    await time.advance(passed(leaf, 0.52));
    expect(web().current).toBe(leaf);
    expect(random.drawn).toBe(drawn);
    const blocked = read(leaf.index, HOUR);
    await time.advance(leaf.renewAt - time.now);
    const next = await anotherThan(leaf);
    expect(await blocked).toBe(next);
    expect(next.index).toBeGreaterThan(leaf.index);
    expect(next.privateKeyPem).not.toBe(leaf.privateKeyPem);
  });

  it('are signed again within the slot when the authority changed, each at its own moment', async () => {
    const leaf = await issued();
    signer.authority = second;
    trust(second, first);
    await settled();
    await time.advance(SLOT_MS / 2 - 1);
    expect(web().current).toBe(leaf);
    await time.advance(1);
    const next = await anotherThan(leaf);
    expect(next.rootId).toBe(bundle.current!.activeRootId);
    expect(next.certificate.authorityKeyId).toBe(second.intermediate.subjectKeyId);
    await time.advance(SLOT_MS);
    expect(signer.asked).toHaveLength(2);
  });

  it('draw the slot anew when the authority went back and changed again', async () => {
    const leaf = await issued();
    trust(second, first);
    await settled();
    await time.advance(MINUTE);
    source.publish(ROOTS, { index: 50, body: first.rootsAnswer([second]) });
    await settled();
    await time.advance(9 * MINUTE);
    expect(web().current).toBe(leaf);
    source.publish(ROOTS, { index: 51, body: second.rootsAnswer([first]) });
    await settled();
    await time.advance(SLOT_MS / 2 - 1);
    expect(signer.asked).toHaveLength(1);
  });

  it('stay when the servers say that the rate is reached, and are asked for when they said to come back', async () => {
    const leaf = await issued();
    signer.failure = new BanyanError('CSR_RATE_LIMITED', 'Rate limit reached', { fields: { retryAfterMs: 7_000 } });
    await time.advance(leaf.renewAt - time.now);
    await asked(2);
    await settled();
    expect(await read()).toBe(leaf);
    expect(leaves.summary().rateLimited).toBe(1);
    // Its own jitter is drawn on top: half of a tenth.
    await time.advance(7_349);
    expect(signer.asked).toHaveLength(2);
    signer.failure = undefined;
    await time.advance(1);
    await anotherThan(leaf);
    expect(leaves.summary().rateLimited).toBe(0);
    expect(signer.reasons).toEqual(['first', 'renewal', 'renewal']);
  });

  it('draw their moment within the spread that holds when the root changes', async () => {
    const leaf = await issued();
    slotMs = 4_000;
    signer.authority = second;
    trust(second, first);
    await settled();
    slotMs = SLOT_MS;
    await time.advance(1_999);
    expect(web().current).toBe(leaf);
    await time.advance(1);
    await anotherThan(leaf);
    expect(signer.reasons).toEqual(['first', 'rotation']);
  });

  it('are signed again at once, without a slot, when their root has left the bundle', async () => {
    const leaf = await issued();
    trust(second, first);
    await settled();
    signer.authority = second;
    trust(second);
    const next = await anotherThan(leaf);
    expect([next.rootId, signer.reasons]).toEqual([second.root.fingerprintSha1, ['first', 'taint']]);
  });

  it('are signed again at once, without a slot, when their root is compromised and another one signs', async () => {
    const leaf = await issued();
    source.publish(ROOTS, { index: 50, body: first.rootsAnswer([second], [first]) });
    await time.advance(MINUTE);
    expect([web().current, signer.asked.length]).toEqual([leaf, 1]); // no other root signs yet
    signer.authority = second;
    source.publish(ROOTS, { index: 51, body: second.rootsAnswer([first], [first]) });
    const next = await anotherThan(leaf);
    expect([next.rootId, signer.reasons]).toEqual([second.root.fingerprintSha1, ['first', 'taint']]);
    await time.advance(SLOT_MS);
    expect(signer.asked).toHaveLength(2);
  });

  it('keep serving while a server still signs under the compromised root, which is asked again at a measured pace', async () => {
    const leaf = await issued();
    source.publish(ROOTS, { index: 51, body: second.rootsAnswer([first], [first]) });
    await asked(2);
    await settled();
    expect(await read()).toBe(leaf);
    for (let again = 3; again < 6; again += 1) {
      await time.advance(5_000);
      await eventually('it is asked again', () => signer.asked.length >= again);
      await settled();
    }
    expect(signer.asked.length).toBeLessThan(12); // a hot loop would ask hundreds of times
    expect(web().current).toBe(leaf);
    signer.authority = second;
    await time.advance(5_000);
    expect((await anotherThan(leaf)).rootId).toBe(second.root.fingerprintSha1);
  });

  it('are asked for at a measured pace while the roots tell of another one than the server signs under', async () => {
    const leaf = await issued();
    slotMs = 0;
    trust(second, first);
    await settled();
    await time.advance(1);
    await asked(2);
    await settled();
    await time.advance(4_000);
    await settled();
    expect([web().current, signer.asked.length]).toEqual([leaf, 2]); // a hot loop would ask hundreds of times
    await time.advance(1_000);
    await asked(3);
    await settled();
    expect(web().current).toBe(leaf);
    // As soon as the roots change, it is looked at again: here they say what the server does.
    signer.authority = second;
    source.publish(ROOTS, { index: 60, body: second.rootsAnswer([first]) });
    expect((await anotherThan(leaf)).rootId).toBe(second.root.fingerprintSha1);
    expect(signer.reasons).toEqual(['first', 'rotation', 'rotation', 'rotation']);
  });

  it('under a root that the bundle does not have yet are no reason to ask again', async () => {
    const crossing = await first.crossSign(second);
    signer.authority = second;
    signer.extra = [crossing];
    const leaf = await issued();
    expect(leaf.rootId).toBe(second.root.fingerprintSha1);
    slotMs = 0;
    trust(second, first);
    await time.advance(30 * MINUTE - 1 - (time.now - leaf.certificate.notBefore));
    expect([web().current, signer.asked.length]).toEqual([leaf, 1]);
  });

  it('are presented without the cross-signed certificate of a root that has left, and not signed again for it', async () => {
    const crossing = await first.crossSign(second);
    signer.authority = second;
    signer.extra = [crossing];
    trust(second, first);
    const leaf = await read();
    const long = parseCertificates(leaf.chainPem);
    expect(long).toHaveLength(3);
    const blocked = read(leaf.index, HOUR);
    trust(second);
    const short = await blocked;
    expect(parseCertificates(short.chainPem)).toEqual(long.slice(0, 2));
    expect([short.certificate, short.privateKeyPem, short.renewAt]).toEqual([
      leaf.certificate,
      leaf.privateKeyPem,
      leaf.renewAt,
    ]);
    expect(short.index).toBeGreaterThan(leaf.index);
    // A root that comes back, as after a restore, is led to again.
    const again = read(short.index, HOUR);
    source.publish(ROOTS, { index: 70, body: second.rootsAnswer([first]) });
    expect(parseCertificates((await again).chainPem)).toEqual(long);
    expect(signer.asked).toHaveLength(1);
  });

  it('are not signed again when nothing but an intermediate or the order of the roots changed', async () => {
    const leaf = await issued();
    const renewed = await TestAuthority.create(TRUST_DOMAIN, 'unused');
    trust(first, second);
    await settled();
    source.publish(ROOTS, {
      index: 60,
      body: first.rootsAnswer().replace(first.intermediate.subjectKeyId!, renewed.intermediate.subjectKeyId!),
    });
    await time.advance(passed(leaf, 0.45) - 1);
    expect([web().current, signer.asked.length]).toEqual([leaf, 1]);
  });

  it('are counted by root as they come, change and go', async () => {
    const changes: unknown[] = [];
    leaves.onChange(() => changes.push(leaves.summary().byRoot));
    const leaf = await issued();
    const [firstId, secondId] = [first, second].map(({ root }) => root.fingerprintSha1);
    expect(leaves.summary()).toEqual({
      byRoot: { [firstId!]: 1 },
      byKey: { [leaf.certificate.authorityKeyId!]: 1 },
      oldestAt: leaf.certificate.notBefore,
      rateLimited: 0,
    });
    signer.authority = second;
    trust(second, first);
    await settled();
    await time.advance(SLOT_MS / 2);
    await anotherThan(leaf);
    expect(leaves.summary().byRoot).toEqual({ [secondId!]: 1 });
    expect(leaves.rootsOf('web')).toEqual([secondId]);
    expect(changes.length).toBeGreaterThanOrEqual(2);
    await leaves.stop();
    expect(leaves.summary()).toEqual({ byRoot: {}, byKey: {}, rateLimited: 0 });
  });

  it('that have expired are not counted any more', async () => {
    const leaf = await issued();
    signer.failure = new BanyanError('SERVER_UNREACHABLE', 'no server answers');
    await time.advance(leaf.renewAt - time.now);
    await asked(2);
    await settled();
    time.jump(leaf.certificate.notAfter - time.now);
    await time.advance(1_000);
    await eventually('it is not counted', () => Object.keys(leaves.summary().byRoot).length === 0);
    expect(web().current).toBe(leaf);
  });

  it('are asked for few at a time, those that somebody waits for before renewals', async () => {
    const leaf = await issued();
    const held: (() => void)[] = [];
    const sign = signer.sign.bind(signer);
    signer.sign = async (request) => {
      signer.reasons.push(request.reason);
      await new Promise<void>((resolve) => held.push(resolve));
      return sign(request);
    };
    time.jump(leaf.renewAt - time.now);
    for (let at = 0; at < 8; at += 1) leaves.entry(`s${at}`, undefined);
    await eventually('eight are under way', () => held.length === 8);
    await time.advance(MINUTE);
    leaves.entry('waited-for', undefined);
    await settled();
    expect(held).toHaveLength(8);
    signer.reasons.length = 0;
    held[0]!();
    await eventually('the next is under way', () => held.length === 9);
    held[1]!();
    await eventually('and the next', () => held.length === 10);
    expect(signer.reasons.filter((reason) => reason === 'renewal')).toHaveLength(1);
    expect(held.length).toBe(10);
    signer.sign = sign;
    held.forEach((letGo) => letGo());
    await eventually('all are there', () => leaves.summary().byRoot[first.root.fingerprintSha1] === 10);
  });

  it('tell a first reader that the rate is reached', async () => {
    signer.failure = new BanyanError('CSR_RATE_LIMITED', 'Rate limit reached', { fields: { retryAfterMs: 7_000 } });
    trust(first);
    await expect(read()).rejects.toMatchObject({ code: 'CSR_RATE_LIMITED' });
  });

  it('are never handed out when they have expired: the reader gets the reason', async () => {
    const leaf = await issued();
    signer.failure = new BanyanError('SERVER_UNREACHABLE', 'no server answers');
    await time.advance(leaf.renewAt - time.now);
    await asked(2);
    await settled();
    time.jump(leaf.certificate.notAfter - 1 - time.now);
    expect(await read()).toBe(leaf);
    time.jump(1);
    await expect(read()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', message: 'no server answers' });
  });

  it('are refused when their chain leads to no root of the bundle; the present one stays', async () => {
    const leaf = await issued();
    signer.authority = second;
    await time.advance(leaf.renewAt - time.now);
    await asked(2);
    await settled();
    expect(await read()).toBe(leaf);
    time.jump(leaf.certificate.notAfter - time.now);
    await eventually('the reason is known', () => web().current === leaf && signer.asked.length >= 2);
    await expect(read()).rejects.toMatchObject({ name: 'BanyanError', code: 'CHAIN_ISSUER_UNKNOWN' });
  });

  it('are refused when they are for another key', async () => {
    const other = await first.serviceLeaf('web', 'dc1');
    signer.sign = async () => ({ chainPem: other.certificatePem, index: 9 });
    trust(first);
    await expect(read()).rejects.toMatchObject({ name: 'BanyanError', code: 'KEY_MISMATCH' });
  });

  it('that cannot be had are forgotten after 10 minutes, others after 72 h', async () => {
    await issued();
    signer.failure = new BanyanError('PERMISSION_DENIED', 'lacks service:write');
    const refused = leaves.entry('secret', undefined).entry;
    await expect(refused.read({ minIndex: 0, waitMs: 0, signal: never })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    time.jump(9 * MINUTE);
    leaves.entry('x', undefined);
    expect(leaves.size).toBe(3);
    time.jump(2 * MINUTE);
    leaves.entry('y', undefined);
    expect(leaves.size).toBe(3);
    time.jump(72 * HOUR);
    leaves.entry('z', undefined);
    expect(leaves.size).toBe(1);
  });
});
