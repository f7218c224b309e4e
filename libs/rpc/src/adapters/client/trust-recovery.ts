import { BanyanError, type EpochMs, isBanyanError } from '@banyan/kernel';
import { Certificate, followTransitions, type RootTransition } from '@banyan/pki';
import type { RootsReply, RootTransition as RootTransitionMessage } from '../../domain/messages/bootstrap-messages.js';
import { parsePin } from '../../domain/pin.js';

/** How a peer that slept through rotations came back: along the keys that vouched, from a root it knew to a present one. */
export interface TrustRecovery {
  /** SHA-256 of the root that was known, colon hex. */
  readonly from: string;
  /** SHA-256 of the root that is trusted now. */
  readonly to: string;
  /** How many rotations lie between. */
  readonly steps: number;
}

/** What a channel may trust, and how that was found. */
export interface FoundTrust {
  readonly anchors: readonly Certificate[];
  readonly recovery?: TrustRecovery;
}

/** Whom is asked, when, and what is known already. */
export interface RecoveryQuestion {
  readonly address: string;
  readonly now: EpochMs;
  /** Keys through which nothing leads on. */
  readonly deniedKeys: ReadonlySet<string>;
}

/** The form in which certificates name themselves. */
const colonHexOf = (pin: string): string => parsePin(pin).match(/../g)!.join(':');

/**
 * The presented root that the pin names, or that the pinned root leads to. Throws `PIN_MISMATCH` when there is none, or the
 * code of what is wrong on the way (`ROOT_TAINTED`, `ROOT_UNVOUCHED`, `TRANSITION_INVALID`, `CHAIN_EXPIRED` …).
 */
export const trustOfPin = (pin: string, presented: RootsReply, o: RecoveryQuestion): FoundTrust => {
  const found = follow([colonHexOf(pin)], presented, o);
  if (found.ok) return trustOf(found.path);
  if (found.code === 'CHAIN_ISSUER_UNKNOWN') {
    throw new BanyanError(
      'PIN_MISMATCH',
      `no root of the server at ${o.address} has the pinned fingerprint, and the pinned root leads to none of them`,
    );
  }
  throw new BanyanError(found.code, `the pin leads to no root of the server at ${o.address}: ${found.reason}`);
};

/**
 * The presented root that a known one leads to, after the server was refused with `refusal`. Throws that when nothing leads
 * on, or the code of what is wrong on the way.
 */
export const trustOfKnown = (
  known: readonly Certificate[],
  presented: RootsReply,
  o: RecoveryQuestion & { readonly refusal: BanyanError },
): FoundTrust => {
  const found = follow(known, presented, o);
  if (found.ok && found.path.length > 1) return trustOf(found.path);
  // A known root is presented: what was refused is the server, and no transition helps.
  if (found.ok || found.code === 'CHAIN_ISSUER_UNKNOWN') throw o.refusal;
  throw new BanyanError(found.code, `no known root leads to one of the server at ${o.address}: ${found.reason}`, {
    cause: o.refusal,
  });
};

const trustOf = (path: readonly Certificate[]): FoundTrust => {
  const [from, to] = [path[0]!, path.at(-1)!];
  if (path.length === 1) return { anchors: [to] };
  const recovery = { from: from.fingerprintSha256, to: to.fingerprintSha256, steps: path.length - 1 };
  return { anchors: [to], recovery };
};

const follow = (
  known: readonly (Certificate | string)[],
  presented: RootsReply,
  { now, deniedKeys }: RecoveryQuestion,
) =>
  followTransitions({
    known,
    presented: presented.rootPems.flatMap((pem) => readable(() => Certificate.fromPem(pem))),
    transitions: (presented.transitions ?? []).flatMap((message) => readable(() => transitionOf(message))),
    now,
    deniedKeys,
  });

const transitionOf = (message: RootTransitionMessage): RootTransition => {
  const { kind, fromFingerprint, fromPem, crossSignedPem, nextFingerprint } = message;
  if (kind !== 'vouched') return { kind, fromFingerprint };
  const [from, crossSigned] = [Certificate.fromPem(fromPem), Certificate.fromPem(crossSignedPem)];
  return { kind, from, crossSigned, nextFingerprint };
};

/** Nothing is lost with a record that cannot be read: it proves nothing. */
const readable = <T>(read: () => T): T[] => {
  try {
    return [read()];
  } catch (error) {
    if (isBanyanError(error, 'PEM_INVALID', 'CERTIFICATE_INVALID', 'INPUT_TOO_LARGE')) return [];
    throw error;
  }
};
