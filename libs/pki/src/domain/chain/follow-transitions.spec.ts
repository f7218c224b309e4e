import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { epochMs, type ErrorCode, HOUR } from '@banyan/kernel';
import { Certificate, followTransitions, type RootTransition, type TransitionQuestion } from '@banyan/pki';
import { type ForgedChange, forgedKeyId, forgeIdentity, type ForgedIdentity } from '@banyan/testkit';

const TD = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const FOREIGN = '00000000-0000-4000-8000-000000000000.consul';
const now = epochMs(Date.UTC(2027, 0, 1));
const always = { notBefore: epochMs(now - HOUR), notAfter: epochMs(now + HOUR) };
const long = { notBefore: epochMs(now - 9 * HOUR), notAfter: epochMs(now - 8 * HOUR) };
const authority = { ca: true, uris: [`spiffe://${TD}`] };

const forgeRoot = (subject: string, change: ForgedChange = {}): ForgedIdentity =>
  forgeIdentity({ ...authority, ...always, subject, ...change });

/** `to`'s name and key, certified by `from`. */
const cross = (from: ForgedIdentity, to: ForgedIdentity, change: ForgedChange = {}): Certificate =>
  forgeIdentity(
    {
      ...authority,
      ...always,
      subject: to.certificate.commonName!,
      keyPair: to,
      subjectKeyId: forgedKeyId(to.publicKey),
      ...change,
    },
    from,
  ).certificate;

const link = (from: ForgedIdentity, to: ForgedIdentity, crossSigned = cross(from, to)): RootTransition => ({
  kind: 'vouched',
  from: from.certificate,
  crossSigned,
  nextFingerprint: to.certificate.fingerprintSha256,
});
const tombstone = (of: ForgedIdentity, kind: 'tainted' | 'unvouched'): RootTransition => ({
  kind,
  fromFingerprint: of.certificate.fingerprintSha256,
});
const pinOf = ({ certificate }: ForgedIdentity): string => certificate.fingerprintSha256;

const [r1, r2, r3, r4] = ['one', 'two', 'three', 'four'].map((name) => forgeRoot(name)) as [
  ForgedIdentity,
  ForgedIdentity,
  ForgedIdentity,
  ForgedIdentity,
];
const follow = (question: Partial<TransitionQuestion>) =>
  followTransitions({ known: [pinOf(r1)], transitions: [], presented: [r3.certificate], now, ...question });

describe('followTransitions', () => {
  const both = [link(r1, r2), link(r2, r3)];

  it.each([
    ['a pin', pinOf(r1)],
    ['a certificate', r1.certificate],
  ])('leads from %s over every retired root to a presented one, in whatever order the records are', (_, known) => {
    for (const transitions of [both, both.toReversed()]) {
      const verdict = follow({ known: [known], transitions });
      expect(verdict).toMatchObject({ ok: true, root: { fingerprintSha256: pinOf(r3) } });
      expect(verdict.ok && verdict.path.map((root) => root.commonName)).toEqual(['one', 'two', 'three']);
    }
  });

  it('leads neither through a denied key nor to one', () => {
    for (const denied of [r1, r2, r3]) {
      const deniedKeys = new Set([denied.certificate.keyFingerprint]);
      expect(follow({ known: [r1.certificate], transitions: both, deniedKeys })).toMatchObject({
        ok: false,
        code: 'ROOT_TAINTED',
      });
    }
    const deniedKeys = new Set([r2.certificate.keyFingerprint]);
    expect(follow({ transitions: [...both, link(r1, r3)], deniedKeys })).toMatchObject({ ok: true });
  });

  it('takes no step for a root that is presented still, and the shortest way where there are two', () => {
    expect(follow({ presented: [r2.certificate, r1.certificate], transitions: both })).toMatchObject({
      path: [r1.certificate],
    });
    const verdict = follow({ transitions: [...both, link(r1, r3)] });
    expect(verdict.ok && verdict.path.length).toBe(2);
  });

  it('does not ask whether superseded links are valid in time, but whether the root at the end is', () => {
    const old1 = forgeRoot('old one', long);
    const old2 = forgeRoot('old two', long);
    const transitions = [link(old1, old2, cross(old1, old2, long)), link(old2, r3, cross(old2, r3, long))];
    expect(follow({ known: [pinOf(old1)], transitions })).toMatchObject({ ok: true });
    const later = epochMs(now + 2 * HOUR);
    expect(follow({ transitions: both, now: later })).toMatchObject({ ok: false, code: 'CHAIN_EXPIRED' });
    const earlier = epochMs(now - 2 * HOUR);
    expect(follow({ transitions: both, now: earlier })).toMatchObject({ ok: false, code: 'CHAIN_NOT_YET_VALID' });
  });

  it('skips dead ends, and ends in circles', () => {
    const transitions = [link(r1, r4), link(r1, r2), link(r2, r1), link(r2, r2), link(r2, r3)];
    expect(follow({ transitions })).toMatchObject({ ok: true });
    const circle = [link(r1, r2), link(r2, r1)];
    expect(follow({ transitions: circle })).toMatchObject({ ok: false, code: 'CHAIN_ISSUER_UNKNOWN' });
  });

  const named = { subject: 'two', ...authority, ...always };
  it.each<[string, ErrorCode, () => Partial<TransitionQuestion>]>([
    ['nothing leads on', 'CHAIN_ISSUER_UNKNOWN', () => ({})],
    ['nobody knows the pin', 'CHAIN_ISSUER_UNKNOWN', () => ({ known: ['ab:'.repeat(31) + 'ab'], transitions: both })],
    ['the key was compromised', 'ROOT_TAINTED', () => ({ transitions: [tombstone(r1, 'tainted')] })],
    [
      'the key of a root on the way was, though a signature is shown',
      'ROOT_TAINTED',
      () => ({ transitions: [...both, tombstone(r2, 'tainted')] }),
    ],
    ['no root vouched', 'ROOT_UNVOUCHED', () => ({ transitions: [link(r1, r2), tombstone(r2, 'unvouched')] })],
    ['too much is presented', 'INPUT_TOO_LARGE', () => ({ transitions: Array.from({ length: 65 }, () => both[0]!) })],
    ['the signature is another root’s', 'TRANSITION_INVALID', () => ({ transitions: [link(r1, r3, cross(r4, r3))] })],
    [
      'the signature is another key’s, under the right name',
      'TRANSITION_INVALID',
      () => ({
        transitions: [
          link(
            r1,
            r3,
            forgeIdentity({ ...named, subject: 'three', keyPair: r3, signWith: r4.privateKey }, r1).certificate,
          ),
        ],
      }),
    ],
    ['another key was vouched for', 'TRANSITION_INVALID', () => ({ transitions: [link(r1, r3, cross(r1, r2))] })],
    [
      'another name was vouched for',
      'TRANSITION_INVALID',
      () => ({ transitions: [link(r1, r3, cross(r1, r3, { subject: 'another' }))] }),
    ],
    [
      'the certificate is none of a CA',
      'TRANSITION_INVALID',
      () => ({ transitions: [link(r1, r3, cross(r1, r3, { ca: false }))] }),
    ],
    [
      'the certificate is of another trust domain',
      'TRANSITION_INVALID',
      () => ({ transitions: [link(r1, r3, cross(r1, r3, { uris: [`spiffe://${FOREIGN}`] }))] }),
    ],
    [
      'the next root is of another trust domain',
      'TRANSITION_INVALID',
      () => {
        const foreign = forgeRoot('three', { keyPair: r3, uris: [`spiffe://${FOREIGN}`] });
        return { transitions: [link(r1, foreign, cross(r1, r3))], presented: [foreign.certificate] };
      },
    ],
    [
      'the next root did not sign itself',
      'TRANSITION_INVALID',
      () => {
        const dressed = forgeRoot('three', { keyPair: r3, signWith: r4.privateKey });
        return { transitions: [link(r1, dressed, cross(r1, r3))], presented: [dressed.certificate] };
      },
    ],
    [
      'the pinned certificate is no CA',
      'TRANSITION_INVALID',
      () => {
        const leaf = forgeRoot('leaf', { ca: false });
        return { known: [pinOf(leaf)], transitions: [link(leaf, r3)] };
      },
    ],
  ])('refuses when %s, with %s', (_, code, question) => {
    expect(follow(question())).toMatchObject({ ok: false, code });
  });
});

describe('followTransitions, whatever is presented', () => {
  const roots = Array.from({ length: 7 }, (_, at) => forgeRoot(`root ${at}`));
  const stranger = forgeRoot('stranger');
  const pairs = roots.slice(1).map((to, at) => ({ from: roots[at]!, to }));
  const good = pairs.map(({ from, to }) => link(from, to));
  /** Each as good to look at as the real one, but signed by the stranger. */
  const forged = pairs.map(({ from, to }) =>
    link(
      from,
      to,
      forgeIdentity(
        { ...authority, ...always, subject: to.certificate.commonName!, keyPair: to, signWith: stranger.privateKey },
        from,
      ).certificate,
    ),
  );
  const circles = pairs.map(({ from, to }) => link(to, from));
  const tombstones = roots.map((root) => tombstone(root, 'tainted'));

  const scene = fc.record({
    known: fc.nat({ max: 6 }),
    presented: fc.nat({ max: 6 }),
    links: fc.array(
      fc.constantFrom<'good' | 'forged' | 'both' | 'none' | 'tainted'>(
        'good',
        'good',
        'good',
        'forged',
        'both',
        'none',
        'tainted',
      ),
      { minLength: 6, maxLength: 6 },
    ),
    noise: fc.shuffledSubarray(circles),
    order: fc.array(fc.nat(), { minLength: 24, maxLength: 24 }),
  });

  it('ends at the presented root exactly when every link on the way is signed and no key on it was compromised', () => {
    fc.assert(
      fc.property(scene, ({ known, presented, links, noise, order }) => {
        const records = links.flatMap((kind, at): RootTransition[] => {
          if (kind === 'tainted') return [good[at]!, tombstones[at]!];
          return [
            ...(kind === 'good' || kind === 'both' ? [good[at]!] : []),
            ...(kind === 'forged' || kind === 'both' ? [forged[at]!] : []),
          ];
        });
        const transitions = [...records, ...noise]
          .map((record, at) => ({ record, rank: order[at % order.length]! }))
          .toSorted((a, b) => a.rank - b.rank)
          .map(({ record }) => record);
        const verdict = followTransitions({
          known: [pinOf(roots[known]!)],
          transitions,
          presented: [roots[presented]!.certificate, stranger.certificate],
          now,
        });
        const forwards =
          known <= presented && links.slice(known, presented).every((kind) => kind === 'good' || kind === 'both');
        const backwards =
          known > presented &&
          pairs.slice(presented, known).every((_, at) => noise.includes(circles[presented + at]!)) &&
          links.slice(presented + 1, known + 1).every((kind) => kind !== 'tainted');
        expect(verdict.ok).toBe(forwards || backwards);
        if (verdict.ok) {
          expect(verdict.root).toBe(verdict.path.at(-1));
          expect(pinOf(roots[presented]!)).toBe(verdict.root.fingerprintSha256);
          expect(pinOf(roots[known]!)).toBe(verdict.path[0]!.fingerprintSha256);
        } else expect(['TRANSITION_INVALID', 'ROOT_TAINTED', 'CHAIN_ISSUER_UNKNOWN']).toContain(verdict.code);
      }),
      { numRuns: 400 },
    );
  });

  it('never throws, and never trusts, when any byte of a link is changed', () => {
    const { crossSigned } = good[0] as Extract<RootTransition, { kind: 'vouched' }>;
    fc.assert(
      fc.property(fc.nat({ max: crossSigned.der.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const der = Uint8Array.from(crossSigned.der);
        der[at] = der[at]! ^ change;
        let changed: Certificate;
        try {
          changed = Certificate.fromDer(der);
        } catch {
          return;
        }
        const transitions = [link(roots[0]!, roots[1]!, changed)];
        const presented = [roots[1]!.certificate];
        const verdict = followTransitions({ known: [pinOf(roots[0]!)], transitions, presented, now });
        expect(verdict).toMatchObject({ ok: false, code: 'TRANSITION_INVALID' });
      }),
      { numRuns: 300 },
    );
  });
});
