import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { epochMs, type ErrorCode, HOUR } from '@banyan/kernel';
import { type Certificate, type ChainQuestion, verifyChain } from '@banyan/pki';
import { type ForgedChange, forgeChain, forgedKeyId, forgeIdentity, type ForgedIdentity } from '@banyan/testkit';

const TD = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const FOREIGN = '00000000-0000-4000-8000-000000000000.consul';
const WEB = `spiffe://${TD}/ns/default/dc/dc1/svc/web`;
const now = epochMs(Date.UTC(2027, 0, 1));
const past = { notBefore: epochMs(now - 3 * HOUR), notAfter: epochMs(now - 2 * HOUR) };
const future = { notBefore: epochMs(now + HOUR), notAfter: epochMs(now + 2 * HOUR) };

const weakRsa = (): ForgedChange => ({ keyPair: generateKeyPairSync('rsa', { modulusLength: 1024 }) });

type Changes = { root?: ForgedChange; intermediate?: ForgedChange; leaf?: ForgedChange };

const verdictOn = (changes: Changes, question: Partial<ChainQuestion> = {}) => {
  const { root, intermediate, leaf } = forgeChain({ trustDomain: TD, now, ...changes });
  return verifyChain({
    presented: [leaf.certificate, intermediate.certificate],
    anchors: [root.certificate],
    now,
    trustDomain: TD,
    usage: 'tls-client',
    ...question,
  });
};

const idsOf = (path: readonly Certificate[]): string[] => path.map(({ fingerprintSha256 }) => fingerprintSha256);

describe('verifyChain refuses a bad chain by name', () => {
  const bad: [string, ErrorCode, Changes, Partial<ChainQuestion>?][] = [
    ['an issuer that is not a CA', 'CHAIN_ISSUER_NOT_CA', { intermediate: { ca: false } }],
    ['an issuer that may not sign certificates', 'CHAIN_ISSUER_NOT_CA', { intermediate: { keyUsage: [0x80, 7] } }],
    ['a root that is not a CA', 'CHAIN_ISSUER_NOT_CA', { root: { ca: false } }],
    ['more CAs than the root allows', 'CHAIN_PATH_LENGTH_EXCEEDED', { root: { pathLength: 0 } }],
    ['an expired leaf', 'CHAIN_EXPIRED', { leaf: past }],
    ['an expired intermediate', 'CHAIN_EXPIRED', { intermediate: past }],
    ['an expired root', 'CHAIN_EXPIRED', { root: past }],
    ['a leaf of tomorrow', 'CHAIN_NOT_YET_VALID', { leaf: future }],
    ['an intermediate of tomorrow', 'CHAIN_NOT_YET_VALID', { intermediate: future }],
    ['a leaf of a foreign trust domain', 'CHAIN_TRUST_DOMAIN_FOREIGN', { leaf: { uris: [WEB.replace(TD, FOREIGN)] } }],
    ['a leaf of a longer trust domain', 'CHAIN_TRUST_DOMAIN_FOREIGN', { leaf: { uris: [`spiffe://${TD}.evil/x`] } }],
    ['a leaf with an authority’s URI', 'CHAIN_TRUST_DOMAIN_FOREIGN', { leaf: { uris: [`spiffe://${TD}`] } }],
    ['a foreign intermediate', 'CHAIN_TRUST_DOMAIN_FOREIGN', { intermediate: { uris: [`spiffe://${FOREIGN}`] } }],
    ['two URIs', 'CHAIN_SAN_INVALID', { leaf: { uris: [WEB, `${WEB}2`] } }],
    ['no URI', 'CHAIN_SAN_INVALID', { leaf: { uris: [], dnsNames: ['web'] } }],
    ['a server leaf as a client', 'CHAIN_USAGE_INVALID', { leaf: { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] } }],
    ['a leaf without purposes', 'CHAIN_USAGE_INVALID', { leaf: { extendedKeyUsage: [] } }],
    ['a CA as a leaf', 'CHAIN_USAGE_INVALID', { leaf: { ca: true } }],
    ['a leaf as an authority', 'CHAIN_ISSUER_NOT_CA', { leaf: { uris: [`spiffe://${TD}`] } }, { usage: 'authority' }],
    ['a weak root', 'CHAIN_KEY_TOO_WEAK', { root: weakRsa() }],
    ['a weak leaf', 'CHAIN_KEY_TOO_WEAK', { leaf: weakRsa() }],
    ['no root', 'CHAIN_ISSUER_UNKNOWN', {}, { anchors: [] }],
    ['nothing presented', 'CHAIN_EMPTY', {}, { presented: [] }],
    [
      'an unknown critical extension',
      'CHAIN_EXTENSION_UNSUPPORTED',
      { intermediate: { extensions: [{ oid: '2.5.29.30', critical: true, value: Uint8Array.of(0x30, 0) }] } },
    ],
  ];

  const rows = bad.map(([name, code, changes, question]) => ({ name, code, changes, question }));
  it.each(rows)('$name: $code', ({ code, changes, question }) => {
    expect(verdictOn(changes, question)).toEqual({ ok: false, code, reason: expect.any(String) });
  });

  it('a leaf that another key signed', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(verdictOn({ leaf: { signWith: privateKey } })).toMatchObject({ code: 'CHAIN_SIGNATURE_INVALID' });
  });

  it('a root with the right name and another key', () => {
    const other = forgeChain({ trustDomain: TD, now });
    expect(verdictOn({}, { anchors: [other.root.certificate] })).toMatchObject({ code: 'CHAIN_ISSUER_UNKNOWN' });
  });

  it('an intermediate below an intermediate of path length 0', () => {
    const { root, intermediate } = forgeChain({ trustDomain: TD, now });
    const validity = { notBefore: past.notBefore, notAfter: future.notAfter };
    const uris = [`spiffe://${TD}`];
    const below = forgeIdentity({ subject: 'below.forged', ca: true, uris, ...validity }, intermediate);
    const leaf = forgeIdentity({ subject: '', uris: [WEB], ...validity }, below);
    const question = { anchors: [root.certificate], now, trustDomain: TD };
    const chain = [leaf, below, intermediate].map(({ certificate }) => certificate);
    expect(verifyChain({ ...question, presented: chain, usage: 'tls-client' })).toMatchObject({
      code: 'CHAIN_PATH_LENGTH_EXCEEDED',
    });
    expect(verifyChain({ ...question, presented: chain.slice(1), usage: 'authority' })).toMatchObject({
      code: 'CHAIN_PATH_LENGTH_EXCEEDED',
    });
  });
});

describe('verifyChain accepts', () => {
  it('a good chain, in any order and with useless certificates beside it', () => {
    const { root, intermediate, leaf } = forgeChain({ trustDomain: TD, now });
    const other = forgeChain({ trustDomain: TD, now });
    const verdict = verifyChain({
      presented: [leaf, other.intermediate, root, other.root, intermediate].map(({ certificate }) => certificate),
      anchors: [other.root.certificate, root.certificate],
      now,
      trustDomain: TD,
      usage: 'tls-server',
    });
    expect(verdict.ok && idsOf(verdict.path)).toEqual(
      idsOf([leaf.certificate, intermediate.certificate, root.certificate]),
    );
  });

  it('the last second of a validity, and not the moment after', () => {
    const { leaf, intermediate, root } = forgeChain({ trustDomain: TD, now });
    const at = (moment: number) =>
      verifyChain({
        presented: [leaf.certificate, intermediate.certificate],
        anchors: [root.certificate],
        now: epochMs(moment),
        usage: 'tls-client',
      });
    expect(at(leaf.certificate.notBefore).ok).toBe(true);
    expect(at(leaf.certificate.notAfter).ok).toBe(true);
    expect(at(leaf.certificate.notAfter + 1)).toMatchObject({ code: 'CHAIN_EXPIRED' });
    expect(at(leaf.certificate.notBefore - 1)).toMatchObject({ code: 'CHAIN_NOT_YET_VALID' });
  });

  it('an authority: an intermediate, and a root that is an anchor itself', () => {
    const { root, intermediate } = forgeChain({ trustDomain: TD, now });
    const question = { anchors: [root.certificate], now, trustDomain: TD, usage: 'authority' as const };
    expect(verifyChain({ ...question, presented: [intermediate.certificate] })).toMatchObject({ ok: true });
    const verdict = verifyChain({ ...question, presented: [root.certificate] });
    expect(verdict.ok && idsOf(verdict.path)).toEqual(idsOf([root.certificate]));
  });
});

describe('verifyChain with cross-signed roots', () => {
  const validity = { notBefore: epochMs(now - HOUR), notAfter: epochMs(now + HOUR) };
  const authority = { ca: true, uris: [`spiffe://${TD}`], ...validity };
  const root = (subject: string): ForgedIdentity => forgeIdentity({ ...authority, subject });
  /** The subject's name and key, certified by another root. */
  const cross = (subject: ForgedIdentity, issuer: ForgedIdentity): Certificate =>
    forgeIdentity({ ...authority, subject: subject.certificate.commonName!, keyPair: subject }, issuer).certificate;

  const roots = [root('r1.forged'), root('r2.forged'), root('r3.forged')] as const;
  const [first, second, third] = roots;
  const signing = forgeIdentity({ ...authority, subject: 'i3.forged', pathLength: 0 }, third);
  const leaf = forgeIdentity({ subject: '', uris: [WEB], ...validity }, signing).certificate;
  const question = { now, trustDomain: TD, usage: 'tls-client' as const };

  it('reaches the oldest root through two generations', () => {
    const crossed = [cross(second, first), cross(third, second)];
    const verdict = verifyChain({
      ...question,
      presented: [leaf, signing.certificate, ...crossed],
      anchors: [first.certificate],
    });
    expect(verdict.ok && verdict.path.map(({ commonName }) => commonName)).toEqual([
      undefined,
      'i3.forged',
      'r3.forged',
      'r2.forged',
      'r1.forged',
    ]);
  });

  it('prefers the shortest path where several are possible', () => {
    const verdict = verifyChain({
      ...question,
      presented: [leaf, signing.certificate, cross(third, second), cross(second, first)],
      anchors: roots.map(({ certificate }) => certificate),
    });
    expect(verdict.ok && idsOf(verdict.path)).toEqual(idsOf([leaf, signing.certificate, third.certificate]));
  });

  it('ends where roots certify each other in a circle', () => {
    const circle = roots.flatMap((one) => roots.filter((other) => other !== one).map((other) => cross(one, other)));
    const verdict = verifyChain({
      ...question,
      presented: [leaf, signing.certificate, ...circle],
      anchors: [root('stranger.forged').certificate],
    });
    expect(verdict).toMatchObject({ ok: false, code: 'CHAIN_ISSUER_UNKNOWN' });
    const found = verifyChain({
      ...question,
      presented: [leaf, signing.certificate, ...circle],
      anchors: [first.certificate],
    });
    expect(found.ok && found.path).toHaveLength(4);
  });

  it('skips an expired cross-signed certificate if another one is alive', () => {
    const expired = forgeIdentity({ ...authority, ...past, subject: 'r3.forged', keyPair: third }, first).certificate;
    const presented = [leaf, signing.certificate, expired];
    expect(verifyChain({ ...question, presented, anchors: [first.certificate] })).toMatchObject({
      code: 'CHAIN_EXPIRED',
    });
    expect(
      verifyChain({ ...question, presented: [...presented, cross(third, first)], anchors: [first.certificate] }).ok,
    ).toBe(true);
  });

  it('bounds the work that look-alikes can cause', () => {
    const fakes = Array.from({ length: 30 }, () =>
      forgeIdentity({ ...authority, subject: 'i3.forged', subjectKeyId: forgedKeyId(signing.publicKey) }),
    );
    const started = process.hrtime.bigint();
    const verdict = verifyChain({
      ...question,
      presented: [leaf, ...fakes.map(({ certificate }) => certificate)],
      anchors: [third.certificate],
    });
    expect(verdict).toMatchObject({ ok: false, code: 'CHAIN_SIGNATURE_INVALID' });
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(500);
    expect(verifyChain({ ...question, presented: Array.from({ length: 33 }, () => leaf), anchors: [] })).toMatchObject({
      code: 'INPUT_TOO_LARGE',
    });
  });
});

describe('verifyChain with denied keys', () => {
  const validity = { notBefore: epochMs(now - HOUR), notAfter: epochMs(now + HOUR) };
  const authority = { ca: true, uris: [`spiffe://${TD}`], ...validity };
  const [first, second] = ['d1.forged', 'd2.forged'].map((subject) => forgeIdentity({ ...authority, subject })) as [
    ForgedIdentity,
    ForgedIdentity,
  ];
  /** The second root, certified by the first: the way on which a thief of its key would be believed. */
  const crossed = forgeIdentity({ ...authority, subject: 'd2.forged', keyPair: second }, first).certificate;
  const signing = forgeIdentity({ ...authority, subject: 'di.forged', pathLength: 0 }, second);
  const leaf = forgeIdentity({ subject: '', uris: [WEB], ...validity }, signing);
  const ask = (of: ForgedIdentity | undefined, anchors = [first.certificate]) =>
    verifyChain({
      presented: [leaf.certificate, signing.certificate, crossed],
      anchors,
      now,
      trustDomain: TD,
      usage: 'tls-client',
      deniedKeys: new Set(of === undefined ? [] : [of.certificate.keyFingerprint]),
    });
  const DENIED = { ok: false, code: 'CHAIN_KEY_DENIED', reason: expect.any(String) as unknown };

  it('names a key by what it is, whoever certified it', () => {
    expect(crossed.keyFingerprint).toBe(second.certificate.keyFingerprint);
    const spki = second.publicKey.export({ type: 'spki', format: 'der' });
    const expected = createHash('sha256').update(spki).digest('hex').match(/../g)?.join(':');
    expect(second.certificate.keyFingerprint).toBe(expected);
    expect(second.certificate.keyFingerprint).not.toBe(first.certificate.keyFingerprint);
  });

  it('finds a way without any, and none through a cross-signed root, an intermediate, a leaf or an anchor with such a key', () => {
    expect(ask(undefined)).toMatchObject({ ok: true });
    for (const denied of [second, signing, leaf, first]) expect(ask(denied)).toEqual(DENIED);
  });

  it('does not trust an anchor whose key is denied, and goes around what it need not', () => {
    expect(ask(second, [second.certificate])).toEqual(DENIED);
    expect(ask(first, [first.certificate, second.certificate])).toMatchObject({ ok: true });
  });

  it('has no authority with such a key either', () => {
    const question = { presented: [first.certificate], anchors: [first.certificate], now, usage: 'authority' as const };
    expect(verifyChain(question)).toMatchObject({ ok: true });
    expect(verifyChain({ ...question, deniedKeys: new Set([first.certificate.keyFingerprint]) })).toEqual(DENIED);
  });
});
