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
import {
  BundleEntry,
  type Leaf,
  LeafCache,
  leafDue,
  type LeafEntry,
  parseBundle,
  renewalMoment,
  WatchedEntry,
} from '../src/index.js';

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
  beforeAll(async () => {
    first = await TestAuthority.create(TRUST_DOMAIN, 'first');
    second = await TestAuthority.create(TRUST_DOMAIN, 'second');
  });
  beforeEach(() => {
    time = new FakeTime(new SystemClock().now());
    source = new FakeEntrySource();
    signer = new FakeLeafSigner(first, time.clock);
    random = new ScriptedRandom([0.5]);
    const tools = { clock: time.clock, timers: time.timers, random, logger: new RecordingLogger() };
    const roots = new WatchedEntry({ path: ROOTS, token: undefined }, source, tools);
    bundle = new BundleEntry(roots);
    roots.start();
    leaves = new LeafCache({ ...tools, datacenter: 'dc1', signer, bundle, reissueSlotMs: SLOT_MS });
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
    expect(next.certificate.authorityKeyId).toBe(bundle.current!.signingKeyId);
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
    await time.advance(6_999);
    expect(signer.asked).toHaveLength(2);
    signer.failure = undefined;
    await time.advance(1);
    await anotherThan(leaf);
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

describe('leafDue', () => {
  const now = new SystemClock().now();
  const at = (minutes: number) => (now + minutes * MINUTE) as typeof now;
  const situation = { renewAt: at(60), signedBy: 'a', now };
  it.each([
    ['its moment has come', { ...situation, now: at(60) }, { kind: 'renew', reason: 'lifetime' }],
    ['the roots are unknown', situation, { kind: 'wait', until: at(60) }],
    ['nothing changed', { ...situation, signsNow: 'a' }, { kind: 'wait', until: at(60) }],
    ['the authority changed', { ...situation, signsNow: 'b' }, { kind: 'draw-slot' }],
    ['its place is to come', { ...situation, signsNow: 'b', authorityChangeAt: at(5) }, { kind: 'wait', until: at(5) }],
    [
      'its place is after its moment',
      { ...situation, signsNow: 'b', authorityChangeAt: at(90) },
      { kind: 'wait', until: at(60) },
    ],
    [
      'its place has come',
      { ...situation, signsNow: 'b', authorityChangeAt: now },
      { kind: 'renew', reason: 'authority-changed' },
    ],
  ] as const)('when %s', (_, of, due) => {
    expect(leafDue(of)).toEqual(due);
  });
});

describe('parseBundle', () => {
  it.each(['no JSON', '{}', '{"ActiveRootID":"","TrustDomain":"","Roots":[]}'])('refuses %s', (body) => {
    expect(() => parseBundle(body)).toThrow(expect.objectContaining({ name: 'BanyanError', code: 'REQUEST_INVALID' }));
  });
});
