import { type EpochMs, type ErrorCode, isBanyanError } from '@banyan/kernel';
import type { Certificate } from '../certificate/certificate.js';

/** More rotations than a trust domain keeps records of, and so more than anybody can have slept through. */
const MAX_TRANSITIONS = 64;
const MAX_PRESENTED = 64;

/** A retired root vouched for the next one before it went: its key signed the next root's name and key. */
export interface VouchedTransition {
  readonly kind: 'vouched';
  readonly from: Certificate;
  /** The next root's key, certified by `from`. */
  readonly crossSigned: Certificate;
  /** SHA-256 of the next root, colon hex: where to look, never a proof. */
  readonly nextFingerprint: string;
}

/**
 * A root that vouches for nothing. `tainted`: its key is in wrong hands, so that what it signed proves nothing.
 * `unvouched`: it was replaced without a signature.
 */
export interface BrokenTransition {
  readonly kind: 'tainted' | 'unvouched';
  /** SHA-256, colon hex. */
  readonly fromFingerprint: string;
}

/** What is remembered of a root that has left the bundle. Untrusted until {@link followTransitions} has checked it. */
export type RootTransition = VouchedTransition | BrokenTransition;

/** What is known, and what is presented by somebody who is not trusted yet. */
export interface TransitionQuestion {
  /** What the asker trusts: certificates, or SHA-256 fingerprints in colon hex. */
  readonly known: readonly (Certificate | string)[];
  readonly transitions: readonly RootTransition[];
  /** The roots that are presented now; untrusted, too. */
  readonly presented: readonly Certificate[];
  readonly now: EpochMs;
  /** Keys in wrong hands ({@link Certificate.keyFingerprint}): nothing leads on through them, or to them. */
  readonly deniedKeys?: ReadonlySet<string>;
}

/** The presented root that the known one leads to, with all roots on the way, or why none can be trusted. */
export type TransitionVerdict =
  | { readonly ok: true; readonly root: Certificate; readonly path: readonly Certificate[] }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
}

const invalid = (reason: string): Refusal => ({ code: 'TRANSITION_INVALID', reason });

const isAuthority = ({ isCa, keyUsage }: Certificate): boolean =>
  isCa && (keyUsage.size === 0 || keyUsage.has('keyCertSign'));

/** Whether banyan knows how to use the certificate's key, and everything the certificate insists on. */
const isUsable = (certificate: Certificate): boolean => {
  if (certificate.unknownCriticalExtensions.length > 0) return false;
  try {
    return certificate.keySpec !== undefined;
  } catch (error) {
    if (isBanyanError(error, 'KEY_TOO_WEAK', 'KEY_UNSUPPORTED', 'DER_INVALID')) return false;
    throw error;
  }
};

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const sameNames = (a: Certificate, b: Certificate): boolean => a.uris.join('\n') === b.uris.join('\n');

/** Whether `from` really signed `crossSigned`, and may have. When that was does not matter: only the signature does. */
const refuseLink = ({ from, crossSigned }: VouchedTransition): Refusal | undefined => {
  if (!isAuthority(from) || from.pathLength === 0)
    return invalid('a retired root is not a CA that may vouch for another');
  if (!isAuthority(crossSigned)) return invalid('a cross-signed certificate is not one of a CA');
  if (!from.isNamedIssuerOf(crossSigned)) return invalid('a cross-signed certificate names another issuer');
  if (!isUsable(crossSigned))
    return invalid('a cross-signed certificate has a key or an extension that is not supported');
  if (from.uris.length > 0 && !sameNames(from, crossSigned)) {
    return invalid('a cross-signed certificate belongs to another trust domain');
  }
  return crossSigned.hasSignatureBy(from)
    ? undefined
    : invalid('a cross-signed certificate is not signed by its issuer');
};

/** Whether `next` is the root whose name and key were certified. */
const refuseNext = ({ crossSigned }: VouchedTransition, next: Certificate): Refusal | undefined => {
  if (!sameBytes(crossSigned.spki, next.spki)) return invalid('the next root has another key than the one vouched for');
  if (!sameBytes(crossSigned.subjectDer, next.subjectDer)) return invalid('the next root has another name');
  if (!sameNames(crossSigned, next)) return invalid('the next root belongs to another trust domain');
  return isAuthority(next) && next.selfSigned ? undefined : invalid('the next root is not a self-signed CA');
};

const refuseTime = (root: Certificate, now: EpochMs): Refusal | undefined => {
  if (now > root.notAfter) return { code: 'CHAIN_EXPIRED', reason: 'the root that is presented has expired' };
  if (now < root.notBefore)
    return { code: 'CHAIN_NOT_YET_VALID', reason: 'the root that is presented is not valid yet: compare the clocks' };
  return undefined;
};

const refuseBroken = ({ kind, fromFingerprint }: BrokenTransition): Refusal =>
  kind === 'tainted'
    ? {
        code: 'ROOT_TAINTED',
        reason: `the key of root ${fromFingerprint} was compromised, so nothing it signed is proof: have the operator give a new pin`,
      }
    : {
        code: 'ROOT_UNVOUCHED',
        reason: `root ${fromFingerprint} was replaced without vouching for the next one: have the operator give a new pin`,
      };

/** Breadth first from what is known; every root is entered once, so that circles end the search. */
class TransitionSearch {
  readonly #presented: ReadonlyMap<string, Certificate>;
  /** Every certificate by its fingerprint: presented ones, and the retired ones of the records. */
  readonly #certificates: ReadonlyMap<string, Certificate>;
  readonly #vouched = new Map<string, VouchedTransition[]>();
  readonly #broken = new Map<string, BrokenTransition>();
  readonly #entered = new Set<string>();
  #refusal: Refusal | undefined;

  constructor(private readonly question: TransitionQuestion) {
    this.#presented = new Map(question.presented.map((root) => [root.fingerprintSha256, root]));
    const certificates = new Map(this.#presented);
    for (const transition of question.transitions) {
      if (transition.kind === 'vouched') {
        const fingerprint = transition.from.fingerprintSha256;
        certificates.set(fingerprint, transition.from);
        this.#vouched.set(fingerprint, [...(this.#vouched.get(fingerprint) ?? []), transition]);
      } else this.#broken.set(transition.fromFingerprint, transition);
    }
    this.#certificates = certificates;
  }

  run(): TransitionVerdict {
    let level: (readonly Certificate[])[] = [];
    for (const known of this.question.known) {
      const fingerprint = typeof known === 'string' ? known : known.fingerprintSha256;
      const root = typeof known === 'string' ? this.#certificates.get(fingerprint) : known;
      if (root === undefined) this.#note(this.#broken.get(fingerprint));
      else this.#enter([root], level);
    }
    while (level.length > 0) {
      const next: (readonly Certificate[])[] = [];
      for (const path of level) {
        const root = path.at(-1)!;
        if (this.#isPresented(root)) return { ok: true, root, path };
        this.#follow(path, next);
      }
      level = next;
    }
    const none = {
      code: 'CHAIN_ISSUER_UNKNOWN',
      reason: 'nothing leads from a known root to a presented one',
    } as const;
    return { ok: false, ...(this.#refusal ?? none) };
  }

  /** A denied key is no way and no end, whoever vouched for it. */
  #isDenied(root: Certificate): boolean {
    if (this.question.deniedKeys?.has(root.keyFingerprint) !== true) return false;
    this.#refusal ??= { code: 'ROOT_TAINTED', reason: `the key of root ${root.fingerprintSha256} is denied` };
    return true;
  }

  #isPresented(root: Certificate): boolean {
    if (!this.#presented.has(root.fingerprintSha256)) return false;
    const refused = isAuthority(root) ? refuseTime(root, this.question.now) : invalid('a presented root is not a CA');
    this.#refusal ??= refused;
    return refused === undefined;
  }

  #follow(path: readonly Certificate[], level: (readonly Certificate[])[]): void {
    const fingerprint = path.at(-1)!.fingerprintSha256;
    const broken = this.#broken.get(fingerprint);
    // A compromised key proves nothing, whatever else is said of it.
    if (broken !== undefined) return this.#note(broken);
    for (const link of this.#vouched.get(fingerprint) ?? []) {
      const next = this.#certificates.get(link.nextFingerprint);
      if (next === undefined) {
        this.#note(this.#broken.get(link.nextFingerprint));
        continue;
      }
      const refused = refuseLink(link) ?? refuseNext(link, next);
      this.#refusal ??= refused;
      if (refused === undefined) this.#enter([...path, next], level);
    }
  }

  #enter(path: readonly Certificate[], level: (readonly Certificate[])[]): void {
    const fingerprint = path.at(-1)!.fingerprintSha256;
    if (this.#entered.has(fingerprint)) return;
    this.#entered.add(fingerprint);
    if (!this.#isDenied(path.at(-1)!)) level.push(path);
  }

  #note(broken: BrokenTransition | undefined): void {
    if (broken !== undefined) this.#refusal ??= refuseBroken(broken);
  }
}

/**
 * How a peer that slept through rotations comes back: from a root it knows, each retired root's key certifies the next
 * root's, up to one that is presented now. All of the input but `known` is untrusted. Superseded links may have ended;
 * the presented root must be valid now. "No" is a value, the first reason met: `TRANSITION_INVALID` (a link that is not
 * signed as it must be), `ROOT_TAINTED`, `ROOT_UNVOUCHED` (these two only as the presenter says), `CHAIN_EXPIRED`,
 * `CHAIN_NOT_YET_VALID`, `CHAIN_ISSUER_UNKNOWN` (nothing leads on), `INPUT_TOO_LARGE`.
 */
export const followTransitions = (question: TransitionQuestion): TransitionVerdict => {
  if (question.transitions.length > MAX_TRANSITIONS || question.presented.length > MAX_PRESENTED) {
    return { ok: false, code: 'INPUT_TOO_LARGE', reason: 'more than 64 transitions or 64 roots were presented' };
  }
  return new TransitionSearch(question).run();
};
