import { type EpochMs, type ErrorCode, isBanyanError } from '@banyan/kernel';
import type { Certificate } from '../certificate/certificate.js';

/** The bound on a path: leaf, intermediate, two generations of cross-signed roots, root, and room for a user's own. */
const MAX_PATH_LENGTH = 8;
/** Verifying costs 0.1 ms each: a peer's bundle of look-alikes must not cost more than a few milliseconds. */
const MAX_SIGNATURE_CHECKS = 48;
const MAX_PRESENTED = 32;

/** What the first certificate is to be used for: by a TLS client, by a TLS server, or as an authority that signs. */
export type ChainUsage = 'tls-client' | 'tls-server' | 'authority';

export interface ChainQuestion {
  /** The certificate in question, then any others, in any order. */
  readonly presented: readonly Certificate[];
  /** The trusted roots. */
  readonly anchors: readonly Certificate[];
  readonly now: EpochMs;
  /** `<uuid>.consul`; if given, every certificate of the path must belong to it. */
  readonly trustDomain?: string;
  readonly usage: ChainUsage;
  /** Keys in wrong hands ({@link Certificate.keyFingerprint}): a dead end, whoever certified them. */
  readonly deniedKeys?: ReadonlySet<string>;
}

/** A path from the certificate in question to the anchor, or why there is none. */
export type ChainVerdict =
  | { readonly ok: true; readonly path: readonly Certificate[] }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
}

const refusal = (code: ErrorCode, reason: string): Refusal => ({ code, reason });

/** Rules that hold for every certificate of a path. */
const refuseAny = (certificate: Certificate, { now, deniedKeys }: ChainQuestion): Refusal | undefined => {
  if (deniedKeys !== undefined && deniedKeys.size > 0 && deniedKeys.has(certificate.keyFingerprint)) {
    return refusal('CHAIN_KEY_DENIED', 'a certificate has a key that is denied: it is in wrong hands');
  }
  if (now > certificate.notAfter) return refusal('CHAIN_EXPIRED', 'a certificate has expired');
  if (now < certificate.notBefore) return refusal('CHAIN_NOT_YET_VALID', 'a certificate is not valid yet');
  if (certificate.unknownCriticalExtensions.length > 0) {
    return refusal('CHAIN_EXTENSION_UNSUPPORTED', 'a certificate has a critical extension that is not supported');
  }
  try {
    void certificate.keySpec;
  } catch (error) {
    if (isBanyanError(error, 'KEY_TOO_WEAK')) return refusal('CHAIN_KEY_TOO_WEAK', 'a certificate has a weak key');
    if (isBanyanError(error, 'KEY_UNSUPPORTED', 'DER_INVALID')) {
      return refusal('KEY_UNSUPPORTED', 'a certificate has a key that is not supported');
    }
    throw error;
  }
  return undefined;
};

const PURPOSES = { 'tls-client': 'clientAuth', 'tls-server': 'serverAuth' } as const;

const refuseUsage = (first: Certificate, usage: ChainUsage): Refusal | undefined => {
  if (usage === 'authority') {
    return first.isCa && first.keyUsage.has('keyCertSign')
      ? undefined
      : refusal('CHAIN_ISSUER_NOT_CA', 'the certificate is not a CA');
  }
  return first.isCa || !first.keyUsage.has('digitalSignature') || !first.extendedKeyUsage.has(PURPOSES[usage])
    ? refusal('CHAIN_USAGE_INVALID', `the certificate is not one of a ${usage === 'tls-client' ? 'client' : 'server'}`)
    : undefined;
};

/** Rules for the certificate in question. */
const refuseFirst = (first: Certificate, question: ChainQuestion): Refusal | undefined => {
  const { usage, trustDomain } = question;
  const [uri, ...more] = first.uris;
  if (uri === undefined || more.length > 0) {
    return refusal('CHAIN_SAN_INVALID', 'the certificate does not carry exactly one URI');
  }
  if (trustDomain !== undefined) {
    const authority = `spiffe://${trustDomain}`;
    const belongs = usage === 'authority' ? uri === authority : uri.startsWith(`${authority}/`);
    if (!belongs) return refusal('CHAIN_TRUST_DOMAIN_FOREIGN', 'the certificate belongs to another trust domain');
  }
  return refuseUsage(first, usage) ?? refuseAny(first, question);
};

/** Rules for a certificate that issued another; `below` is the path so far, the certificate in question first. */
const refuseIssuer = (
  issuer: Certificate,
  below: readonly Certificate[],
  question: ChainQuestion,
): Refusal | undefined => {
  if (!issuer.isCa || (issuer.keyUsage.size > 0 && !issuer.keyUsage.has('keyCertSign'))) {
    return refusal('CHAIN_ISSUER_NOT_CA', 'an issuer is not a CA');
  }
  // RFC 5280 §4.2.1.9 counts the CAs between. An authority in question is counted too: what it signs comes below it.
  const authoritiesBelow = question.usage === 'authority' ? below.length : below.length - 1;
  if (issuer.pathLength !== undefined && authoritiesBelow > issuer.pathLength) {
    return refusal('CHAIN_PATH_LENGTH_EXCEEDED', 'a CA allows fewer CAs below it');
  }
  const { trustDomain } = question;
  // A user's own root may carry no URI; one that carries another mesh's is not ours.
  if (trustDomain !== undefined && issuer.uris.some((uri) => uri !== `spiffe://${trustDomain}`)) {
    return refusal('CHAIN_TRUST_DOMAIN_FOREIGN', 'a CA belongs to another trust domain');
  }
  return refuseAny(issuer, question);
};

/**
 * Looks for the shortest path, breadth first. Each certificate is entered once, on the shortest way to it, so
 * cross-signed roots that certify each other end the search instead of running in a circle.
 */
class PathSearch {
  readonly #question: ChainQuestion;
  readonly #visited = new Set<string>();
  #signatureChecks = 0;
  /** Of the dead ends, the first one found, which is the nearest to the certificate in question. */
  #deadEnd: Refusal | undefined;

  constructor(question: ChainQuestion) {
    this.#question = question;
  }

  from(first: Certificate): ChainVerdict {
    let level: (readonly Certificate[])[] = [[first]];
    while (level.length > 0) {
      const next: (readonly Certificate[])[] = [];
      for (const path of level) {
        const found = this.#step(path, next);
        if (found !== undefined) return { ok: true, path: found };
      }
      level = next;
    }
    return {
      ok: false,
      ...(this.#deadEnd ?? refusal('CHAIN_ISSUER_UNKNOWN', 'no trusted root was found for the chain')),
    };
  }

  /** The finished path, if an anchor issued its last certificate; else adds the longer paths to `next`. */
  #step(path: readonly Certificate[], next: (readonly Certificate[])[]): readonly Certificate[] | undefined {
    const last = path.at(-1)!;
    const { anchors, presented } = this.#question;
    // Only an authority may itself be an anchor: a leaf is trusted because someone issued it.
    if (path.length > 1 || this.#question.usage === 'authority') {
      if (anchors.some((anchor) => anchor.equals(last))) return path;
    }
    if (path.length === MAX_PATH_LENGTH) return undefined;
    for (const anchor of anchors) if (this.#accepts(anchor, path)) return [...path, anchor];
    for (const candidate of presented) {
      const id = candidate.fingerprintSha256;
      if (path.includes(candidate) || this.#visited.has(id) || !this.#accepts(candidate, path)) continue;
      this.#visited.add(id);
      next.push([...path, candidate]);
    }
    return undefined;
  }

  #accepts(issuer: Certificate, path: readonly Certificate[]): boolean {
    const child = path.at(-1)!;
    if (!issuer.isNamedIssuerOf(child)) return false;
    const refused = refuseIssuer(issuer, path, this.#question) ?? this.#refuseSignature(child, issuer);
    this.#deadEnd ??= refused;
    return refused === undefined;
  }

  #refuseSignature(child: Certificate, issuer: Certificate): Refusal | undefined {
    this.#signatureChecks++;
    if (this.#signatureChecks > MAX_SIGNATURE_CHECKS) {
      return refusal('CHAIN_ISSUER_UNKNOWN', 'no trusted root was found within the bound of signature checks');
    }
    return child.hasSignatureBy(issuer)
      ? undefined
      : refusal('CHAIN_SIGNATURE_INVALID', 'a certificate is not signed by its issuer');
  }
}

/**
 * Whether the first presented certificate may be used as asked, with the shortest path to an anchor (RFC 5280 §6.1,
 * without policies, name constraints and revocation lists). "No" is a value: nothing is thrown.
 * Tolerates cross-signed cycles, certificates in any order, and useless ones beside the path.
 */
export const verifyChain = (question: ChainQuestion): ChainVerdict => {
  const [first] = question.presented;
  if (first === undefined) return { ok: false, ...refusal('CHAIN_EMPTY', 'no certificate was presented') };
  if (question.presented.length > MAX_PRESENTED) {
    return { ok: false, ...refusal('INPUT_TOO_LARGE', 'more than 32 certificates were presented') };
  }
  const refused = refuseFirst(first, question);
  return refused === undefined ? new PathSearch(question).from(first) : { ok: false, ...refused };
};
