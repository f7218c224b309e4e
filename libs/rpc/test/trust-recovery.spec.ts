import { type BanyanError, HOUR, MINUTE, SecretText, SystemClock } from '@banyan/kernel';
import type { Certificate } from '@banyan/pki';
import { TestAuthority } from '@banyan/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FirstContact, type FirstContactOptions, RotatingIdentity } from '../src/index.js';
import { TRUST_DOMAIN, serverUri } from './support/test-authority.js';
import { TestServer } from './support/test-server.js';
import { createCsr, exportPrivateKeyPem, generateKeyPair } from '@banyan/pki';
import type { RootTransition as RootTransitionMessage } from '../src/domain/messages/bootstrap-messages.js';

const clock = new SystemClock();
const token = new SecretText('join-token-0123456789');

let roots: TestAuthority[];
let first: TestAuthority;
let second: TestAuthority;
let third: TestAuthority;
let server: TestServer;

/** A server identity under an authority; `behindMs`: signed by a clock that is so far ahead of ours. */
const identityOf = async (authority: TestAuthority, aheadMs = 0) => {
  const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
  const csr = createCsr({ keyPair, uri: serverUri('dc1') });
  const certChainPem = await authority.sign(csr, { now: (clock.now() + aheadMs) as ReturnType<SystemClock['now']> });
  const keyPem = new SecretText(exportPrivateKeyPem(keyPair.privateKey));
  return { certChainPem, keyPem, bundlePem: authority.root.pem };
};

const linkOf = (from: TestAuthority, crossSigned: Certificate, to: TestAuthority): RootTransitionMessage => ({
  kind: 'vouched',
  fromFingerprint: from.root.fingerprintSha256,
  fromPem: from.root.pem,
  crossSignedPem: crossSigned.pem,
  nextFingerprint: to.root.fingerprintSha256,
});
const link = async (from: TestAuthority, to: TestAuthority) => linkOf(from, await from.crossSign(to), to);
const tombstone = (of: TestAuthority, kind: 'tainted' | 'unvouched'): RootTransitionMessage => ({
  kind,
  fromFingerprint: of.root.fingerprintSha256,
  fromPem: '',
  crossSignedPem: '',
  nextFingerprint: '',
});

const pinned = (authority: TestAuthority) => ({ pin: authority.root.fingerprintSha256 });
const known = (...authorities: TestAuthority[]) => ({ caPem: authorities.map(({ root }) => root.pem).join('') });
const open = (anchor: FirstContactOptions['anchor'], change: Partial<FirstContactOptions> = {}) =>
  FirstContact.open({ address: server.lanAddress, datacenter: 'dc1', anchor, clock, ...change });

beforeAll(async () => {
  roots = await Promise.all(['one', 'two', 'three'].map((name) => TestAuthority.create(TRUST_DOMAIN, name)));
  [first, second, third] = roots as [TestAuthority, TestAuthority, TestAuthority];
  server = await TestServer.start(new RotatingIdentity(await identityOf(third)));
});
beforeEach(async () => {
  server.bootstrap.rootPems = [third.root.pem];
  server.bootstrap.transitions = [await link(second, third), await link(first, second)];
  server.bootstrap.serverMs = clock.now();
  server.bootstrap.tokensSeen = [];
  server.identity.rotate(await identityOf(third));
});
afterAll(() => server.stop());

describe('a joiner whose root was retired meanwhile', () => {
  it.each<[string, () => FirstContactOptions['anchor'], number, () => TestAuthority]>([
    ['a pin from two rotations ago', () => pinned(first), 2, () => first],
    ['a pin from one rotation ago', () => pinned(second), 1, () => second],
    ['a CA file from two rotations ago', () => known(first), 2, () => first],
    ['the last known bundle, whose roots were all retired', () => known(first, second), 1, () => second],
  ])('comes back with %s, and trusts the present root only', async (_what, anchor, steps, from) => {
    const contact = await open(anchor());
    expect(contact.recovery).toEqual({
      from: from().root.fingerprintSha256,
      to: third.root.fingerprintSha256,
      steps,
    });
    expect(await contact.enrolAgent({ token, node: 'n1', csrPem: 'csr' })).toMatchObject({
      certificatePem: 'for n1',
    });
    contact.close();
  });

  it('needs no recovery while its root is presented', async () => {
    for (const anchor of [pinned(third), known(third)]) {
      const contact = await open(anchor);
      expect(contact.recovery).toBeUndefined();
      contact.close();
    }
  });

  it('works over WAN as well', async () => {
    const contact = await open(pinned(first), { address: server.wanAddress, datacenter: 'dc1' });
    const reply = await contact.signIntermediate({ token, datacenter: 'dc2', csrPem: 'csr', wanAddress: '' });
    expect(reply).toMatchObject({ certificatePem: 'for dc2' });
    contact.close();
  });

  const refusals: [string, () => Promise<RootTransitionMessage[]> | RootTransitionMessage[], string, string][] = [
    ['there is no record', () => [], 'PIN_MISMATCH', 'PEER_UNAUTHENTICATED'],
    ['a record is missing', async () => [await link(first, second)], 'PIN_MISMATCH', 'PEER_UNAUTHENTICATED'],
    ['the key was compromised', () => [tombstone(first, 'tainted')], 'ROOT_TAINTED', 'ROOT_TAINTED'],
    [
      'the key of a root on the way was',
      async () => [await link(first, second), tombstone(second, 'tainted')],
      'ROOT_TAINTED',
      'ROOT_TAINTED',
    ],
    ['its root vouched for none', () => [tombstone(first, 'unvouched')], 'ROOT_UNVOUCHED', 'ROOT_UNVOUCHED'],
    [
      'a link is signed by another key',
      async () => [linkOf(first, await second.crossSign(third), third)],
      'TRANSITION_INVALID',
      'TRANSITION_INVALID',
    ],
    [
      'a link is no certificate',
      async () => [{ ...(await link(first, third)), crossSignedPem: 'text' }],
      'PIN_MISMATCH',
      'PEER_UNAUTHENTICATED',
    ],
  ];
  it.each(refusals)('sends no token when %s', async (_what, transitions, byPin, byFile) => {
    server.bootstrap.transitions = await transitions();
    await expect(open(pinned(first))).rejects.toMatchObject({ name: 'BanyanError', code: byPin });
    await expect(open(known(first))).rejects.toMatchObject({ name: 'BanyanError', code: byFile });
    expect(server.bootstrap.tokensSeen).toEqual([]);
  });

  it('says what to do when the key was compromised', async () => {
    server.bootstrap.transitions = [tombstone(first, 'tainted')];
    const refusal = await open(pinned(first)).catch((error: BanyanError) => error);
    expect(refusal).toMatchObject({ message: expect.stringContaining('have the operator give a new pin') });
  });

  it('sends no token to a server that shows the way but is not at its end', async () => {
    server.identity.rotate(await identityOf(second));
    await expect(open(pinned(first))).rejects.toMatchObject({ code: 'PEER_UNAUTHENTICATED' });
    await expect(open(known(first))).rejects.toMatchObject({ code: 'PEER_UNAUTHENTICATED' });
    expect(server.bootstrap.tokensSeen).toEqual([]);
  });
});

describe('a joiner whose clock is wrong', () => {
  it.each<[string, () => FirstContactOptions['anchor']]>([
    ['a pin', () => pinned(third)],
    ['a CA file', () => known(third)],
  ])('is told so, with %s, when the server’s certificate is not valid yet', async (_by, anchor) => {
    server.identity.rotate(await identityOf(third, 10 * MINUTE));
    server.bootstrap.serverMs = clock.now() + 10 * MINUTE;
    await expect(open(anchor())).rejects.toMatchObject({
      code: 'CLOCK_SKEW',
      message: expect.stringMatching(/our clock is (599|600) s behind the server's/),
    });
  });

  it('is told of the certificate alone when the clocks agree', async () => {
    server.identity.rotate(await identityOf(third, HOUR));
    await expect(open(pinned(third))).rejects.toMatchObject({ code: 'PEER_UNAUTHENTICATED' });
  });
});
