import { epochMs, HOUR } from '@banyan/kernel';
import { TestAuthority } from '@banyan/testkit';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseCertificates } from '@banyan/pki';
import { PeerChains } from './peer-chain.js';
import { PeerJudge } from './peer-judge.js';
import { chooseProtocol, EdgeActivity } from './probe.js';
import { ShadowRecord } from './shadow-record.js';
import { standingOf } from './standing.js';
import { readTrustView, type TrustView } from './trust-view.js';

const TRUST_DOMAIN = '11111111-2222-4333-8444-555555555555.consul';
const NOW = epochMs(Date.now());

let first: TestAuthority;
let second: TestAuthority;
let third: TestAuthority;
beforeAll(async () => {
  first = await TestAuthority.create(TRUST_DOMAIN, 'first');
  second = await TestAuthority.create(TRUST_DOMAIN, 'second');
  third = await TestAuthority.create(TRUST_DOMAIN, 'third');
});

const view = (active: TestAuthority | undefined, ...roots: TestAuthority[]): TrustView =>
  readTrustView({
    trustDomain: TRUST_DOMAIN,
    rootPems: roots.map(({ root }) => root.pem),
    ...(active && { activeRootId: active.root.fingerprintSha1 }),
  });
const idOf = ({ root }: TestAuthority): string => root.fingerprintSha1;

const presentedBy = async (authority: TestAuthority, service = 'web', extra: TestAuthority[] = []) => {
  const crossed = await Promise.all(extra.map((older) => older.crossSign(authority)));
  const leaf = await authority.serviceLeaf(service, 'dc1', crossed);
  return parseCertificates(leaf.certificatePem).map(({ der }) => der);
};

describe('standingOf', () => {
  it('tells the nearest root, and whether the active one alone would do', async () => {
    const chains = new PeerChains();
    const ask = async (trust: TrustView, authority: TestAuthority, extra: TestAuthority[] = []) =>
      standingOf({
        chain: chains.read(await presentedBy(authority, 'web', extra)),
        trust,
        direction: 'inbound',
        now: NOW,
      });
    expect(await ask(view(second, first, second), second)).toMatchObject({
      rootId: idOf(second),
      shadowRefusal: undefined,
    });
    expect(await ask(view(second, first, second), first)).toMatchObject({
      rootId: idOf(first),
      shadowRefusal: expect.stringMatching(/^CHAIN_ISSUER_UNKNOWN: .*first-root/),
    });
    expect(await ask(view(first, first, second), second, [first])).toMatchObject({
      rootId: idOf(second),
      shadowRefusal: undefined,
    });
    expect(await ask(view(first, first, second), third)).toMatchObject({
      rootId: undefined,
      validUntil: undefined,
      shadowRefusal: expect.stringMatching(/^CHAIN_/),
    });
    // Nothing is compared: one root, or an active one that is unknown.
    for (const trust of [view(second, first), view(third, first, second), view(undefined, first, second)]) {
      expect(trust.isCompared).toBe(false);
      expect(await ask(trust, first)).toMatchObject({ rootId: idOf(first), shadowRefusal: undefined });
    }
  });
});

describe('PeerChains', () => {
  it('shares what is presented again, forgets beyond 512, and passes over what cannot be read above the leaf', async () => {
    const chains = new PeerChains();
    const presented = await presentedBy(first);
    const chain = chains.read(presented);
    expect(chains.read(presented)).toBe(chain);
    const [leaf, intermediate] = presented;
    expect(chains.read([leaf!, Uint8Array.of(0x30, 0x80), intermediate!]).certificates).toHaveLength(2);
    for (let n = 0; n < 512; n += 1) chains.read([leaf!, Uint8Array.of(n & 255, n >> 8)]);
    expect(chains.read(presented)).not.toBe(chain);
    expect(() => chains.read([])).toThrow(expect.objectContaining({ code: 'CHAIN_EMPTY' }));
    expect(() => chains.read([Uint8Array.of(1)])).toThrow(expect.objectContaining({ code: 'CERTIFICATE_INVALID' }));
  });
});

const cuts = () => {
  const reasons: string[] = [];
  return { reasons, cut: (reason: string) => void reasons.push(reason) };
};
const drive = (judge: PeerJudge, now = NOW): number => [...judge.cutTainted(now)].length;
const tainted = (trust: TrustView, ...roots: TestAuthority[]): TrustView => ({ ...trust, tainted: roots.map(idOf) });

/** A judge of a bundle, and what is cut of connections that were made under it. */
const judgeOf = (trust: TrustView) => {
  const judge = new PeerJudge(trust);
  const live = async (presented: readonly Uint8Array[] | Promise<readonly Uint8Array[]>) => {
    const connection = cuts();
    const { chain } = judge.judge(await presented, 'inbound', NOW);
    judge.track(chain, 'inbound', connection);
    return connection.reasons;
  };
  return { judge, live };
};

describe('PeerJudge', () => {
  it('cuts nothing for a root that was retired as planned, and looks at nobody', async () => {
    const { judge, live } = judgeOf(view(second, first, second));
    const reasons = await live(presentedBy(first));
    const presented = await presentedBy(first);
    judge.follow(view(second, second));
    expect(drive(judge)).toBe(0);
    expect(reasons).toEqual([]);
    expect(judge.judge(presented, 'inbound', NOW).standing.rootId).toBeUndefined();
  });

  it('cuts exactly what stood only under a compromised root, once, when it leaves', async () => {
    const { judge, live } = judgeOf(view(second, first, second));
    const [under, young] = [await presentedBy(first), await presentedBy(second)];
    const [a, b, c] = [await live(under), await live(under), await live(young)];
    judge.follow(tainted(view(second, first, second), first));
    expect(drive(judge)).toBe(0);
    expect([a, b, c]).toEqual([[], [], []]);
    judge.follow(view(second, second)); // the mark is remembered
    expect(drive(judge)).toBe(2);
    expect([a, b, c].map(({ length }) => length)).toEqual([1, 1, 0]);
    judge.follow(view(second, second, third));
    expect(drive(judge)).toBe(0);
    expect([a, b].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('spares a chain that stands under another root as well, also when that one leaves as planned later or with it', async () => {
    for (const meanwhile of [[second, third], [third]]) {
      const { judge, live } = judgeOf(tainted(view(second, first, second), first));
      const [crossed, under] = [await live(presentedBy(second, 'web', [first])), await live(presentedBy(first))];
      judge.follow(view(third, ...meanwhile));
      drive(judge);
      judge.follow(view(third, third));
      drive(judge);
      expect([crossed.length, under.length]).toEqual([0, 1]);
    }
  });

  it('takes no word of an earlier root for a compromised key that it had vouched for', async () => {
    const { judge, live } = judgeOf(tainted(view(third, first, second, third), second));
    const [crossed, under] = [await live(presentedBy(second, 'web', [first])), await live(presentedBy(first))];
    judge.follow(view(third, first, third));
    drive(judge);
    expect([crossed.length, under.length]).toEqual([1, 0]);
  });

  it('takes a mark for a root that has left already, by either fingerprint, and none for one that is back', async () => {
    for (const fingerprint of [first.root.fingerprintSha256, idOf(first)]) {
      const { judge, live } = judgeOf(view(second, first, second));
      const reasons = await live(presentedBy(first));
      judge.follow(view(second, second));
      judge.follow({ ...view(second, first, second), tainted: [fingerprint] });
      expect([drive(judge), reasons.length]).toEqual([0, 0]);
      judge.follow(view(second, second));
      judge.follow({ ...view(second, second), tainted: [fingerprint] });
      expect([drive(judge), reasons.length]).toEqual([1, 1]);
    }
  });

  it('does not ask whether a chain has ended since its handshake', async () => {
    const { judge, live } = judgeOf(tainted(view(second, first, second), first));
    const [gone, stays] = [await live(presentedBy(first)), await live(presentedBy(second))];
    const tomorrow = epochMs(NOW + 20 * HOUR); // the leaves lived for an hour
    expect(judge.judge(await presentedBy(first), 'inbound', tomorrow).standing.rootId).toBeUndefined();
    judge.follow(view(second, second));
    drive(judge, tomorrow);
    expect([gone, stays]).toEqual([[expect.stringContaining('compromised root')], []]);
  });

  it('leaves a pass when the bundle has changed again, and looks in the next at what it has not', async () => {
    const { judge, live } = judgeOf(tainted(view(second, first, second), first));
    const both = [await live(presentedBy(first, 'a')), await live(presentedBy(first, 'b'))];
    judge.follow(view(second, second));
    const pass = judge.cutTainted(NOW);
    expect(pass.next().done).toBe(false);
    judge.follow(view(third, second, third));
    expect(pass.next().done).toBe(true);
    expect(both.map(({ length }) => length)).toEqual([1, 0]);
    drive(judge);
    expect(both.map(({ length }) => length > 0)).toEqual([true, true]);
  });

  it('forgets connections that have ended', async () => {
    const judge = new PeerJudge(tainted(view(second, first, second), first));
    const connection = cuts();
    const live = judge.track(judge.judge(await presentedBy(first), 'outbound', NOW).chain, 'outbound', connection);
    live.forget();
    judge.follow(view(second, second));
    expect([drive(judge), connection.reasons]).toEqual([0, []]);
  });
});

describe('ShadowRecord', () => {
  it('names 20 peers at most, drops the least recent, keeps counts, and forgets roots that have gone', () => {
    const record = new ShadowRecord();
    record.follow(view(second, first, second));
    const standing = { rootId: idOf(first), shadowRefusal: 'CHAIN_ISSUER_UNKNOWN: x', validUntil: NOW };
    const seen = (peer: string, at: number) =>
      record.count({ peer, direction: 'inbound', standing, isProbe: false, now: epochMs(at) });
    seen('p0', 1);
    for (let n = 1; n <= 19; n += 1) seen(`p${n}`, n);
    seen('p0', 50);
    seen('p20', 51);
    const { shadow, handshakes } = record.report('web');
    expect(shadow.failures).toHaveLength(20);
    expect(shadow.failures.map(({ peer }) => peer)).not.toContain('p1');
    expect(shadow.failures.at(-2)).toMatchObject({ peer: 'p0', count: 2, lastAt: 50, service: 'web' });
    expect([shadow.checked, shadow.failed]).toEqual([22, 22]);
    expect(handshakes).toEqual({ [idOf(first)]: { count: 22, lastAt: 51 } });
    record.follow(view(second, second, third));
    expect(record.report('web')).toMatchObject({ handshakes: {}, shadow: { checked: 22, rootId: idOf(second) } });
    record.follow(view(third, second, third));
    expect(record.report('web').shadow).toEqual({
      rootId: idOf(third),
      checked: 0,
      failed: 0,
      probed: 0,
      failures: [],
    });
  });
});

describe('probes', () => {
  it('are due for an idle edge, not sooner than their pace, a quarter sooner or later', () => {
    const pace = { idleAfterMs: 30_000, everyMs: 10_000 };
    const edge = new EdgeActivity();
    const due = (now: number, activeRootId = 'r2', fraction = 0.5): boolean =>
      edge.takeTurn({ activeRootId, now, pace, fraction });
    expect([due(1_000), due(10_999), due(11_000, 'r2', 0), due(18_499), due(18_500, 'r2', 1)]).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
    edge.seen('r2', 20_000);
    expect([due(49_999), due(50_001)]).toEqual([false, true]);
    edge.seen('r2', 51_000);
    expect([due(62_000), due(62_000, 'r3')]).toEqual([false, true]);
  });

  it.each([
    [['h2', 'banyan-probe'], 'banyan-probe'],
    [['h2', 'http/1.1'], 'http/1.1'],
    [['postgresql'], 'postgresql'],
  ])('are told from %j', (offered, chosen) => {
    expect(chooseProtocol(offered)).toBe(chosen);
  });
});
