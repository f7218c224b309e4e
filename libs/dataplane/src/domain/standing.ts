import type { EpochMs } from '@banyan/kernel';
import { type Certificate, type ChainVerdict, verifyChain } from '@banyan/pki';
import type { PeerChain } from './peer-chain.js';
import type { TrustView } from './trust-view.js';

/** Which end of a connection a peer is, seen from here: who connects to us, or whom we connect to. */
export type Direction = 'inbound' | 'outbound';

/** Where a chain stands in a bundle. */
export interface Standing {
  /** ID of the nearest root above it; absent when no root of the bundle is. */
  readonly rootId: string | undefined;
  /** Why it would not be accepted if the active root were the only one; absent when it would, or nothing is compared. */
  readonly shadowRefusal: string | undefined;
  /** Until when the finding holds, if the bundle stays: the earliest end of any certificate on the way. */
  readonly validUntil: EpochMs | undefined;
}

/** A chain, and what it is held against. */
export interface StandingQuestion {
  readonly chain: PeerChain;
  readonly trust: TrustView;
  readonly direction: Direction;
  readonly now: EpochMs;
}

/**
 * Verifies a chain against the bundle, and against the active root alone if there are others. A way to the active root
 * proves both at once: all below it was presented by the peer.
 */
export const standingOf = (question: StandingQuestion): Standing => {
  const { trust } = question;
  const found = verdictOf(question, trust.roots);
  const root = found.ok ? found.path.at(-1) : undefined;
  const rootId = root === undefined ? undefined : trust.rootIds[trust.roots.findIndex((each) => each.equals(root))];
  const validUntil = found.ok ? earliestEnd(found.path) : undefined;
  if (!trust.isCompared || trust.active === undefined || rootId === trust.active.id) {
    return { rootId, shadowRefusal: undefined, validUntil };
  }
  const alone = verdictOf(question, [trust.active.root]);
  if (alone.ok) return { rootId, shadowRefusal: undefined, validUntil: validUntil && earliestEnd(alone.path) };
  const where = root === undefined ? '' : `; the chain stands under ${root.commonName ?? 'root'} (${rootId})`;
  return { rootId, shadowRefusal: `${alone.code}: ${alone.reason}${where}`.slice(0, 256), validUntil };
};

/** Whether a chain may be served: TLS has accepted it, but knows of no denied key, so that a way around them is looked for. */
export const avoidsDenied = ({ rootId }: Standing, { deniedKeys }: TrustView): boolean =>
  rootId !== undefined || deniedKeys.size === 0;

/** Whether a live chain leads to one of `roots`, and by a denied key only. */
export const standsByDenied = (question: StandingQuestion, roots: readonly Certificate[]): boolean =>
  !stoodUnder(question, roots) && stoodUnder(regardless(question), roots);

/** The question as it was before any key was denied. */
export const regardless = (question: StandingQuestion): StandingQuestion => ({
  ...question,
  trust: { ...question.trust, deniedKeys: new Set() },
});

/**
 * Whether a chain stands under one of `roots` without help of any key of `without`. A chain that has expired since its
 * handshake stands where it stood: it is judged as of now, and as of each end that has passed.
 */
export const stoodUnder = (
  question: StandingQuestion,
  roots: readonly Certificate[],
  without: readonly Certificate[] = [],
): boolean => {
  const { chain, now } = question;
  const certificates = chain.certificates.filter(({ spki }) => !without.some((root) => isSameKey(root.spki, spki)));
  const moments = [now, ...certificates.map(({ notAfter }) => notAfter).filter((end) => end < now)];
  const of = { ...question, chain: { key: '', certificates } };
  return moments.some((moment) => verdictOf({ ...of, now: moment }, roots).ok);
};

const isSameKey = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

const verdictOf = ({ chain, trust, direction, now }: StandingQuestion, anchors: readonly Certificate[]): ChainVerdict =>
  verifyChain({
    presented: chain.certificates,
    anchors,
    now,
    trustDomain: trust.trustDomain,
    deniedKeys: trust.deniedKeys,
    usage: direction === 'inbound' ? 'tls-client' : 'tls-server',
  });

const earliestEnd = (path: readonly Certificate[]): EpochMs =>
  path.map(({ notAfter }) => notAfter).reduce((first, each) => (each < first ? each : first));
