import type { KeyObject } from 'node:crypto';
import {
  type BanyanError,
  type EpochMs,
  type ErrorCode,
  isBanyanError,
  messageOf,
  MINUTE,
  SECOND,
} from '@banyan/kernel';
import {
  type Certificate,
  createCsr,
  generateKeyPair,
  issue,
  LocalSigner,
  parseCsr,
  type PreparedCertificate,
  prepareLeaf,
  verifyChain,
} from '@banyan/pki';
import type { TrialSetting } from '../domain/throwaway.js';

/** What does not hold of a provider. */
export class ContractBreach extends Error {
  override readonly name = 'ContractBreach';
}

/** A breach, in words for the author of the provider. */
export const fail = (text: string, cause?: unknown): ContractBreach =>
  new ContractBreach(text, cause === undefined ? undefined : { cause });

/** Throws a breach with these words unless it is true. */
export const holds = (truth: boolean, otherwise: string): void => {
  if (!truth) throw fail(otherwise);
};

/** Certificates have whole seconds. */
export const requireEnd = (certificate: Certificate, end: EpochMs, what: string): void => {
  const off = certificate.notAfter - end;
  holds(Math.abs(off) <= SECOND, `${what} ends ${off / SECOND} s off the end that was ordered`);
};

/** Signs a leaf with the signer, and verifies it through what is between to the anchor. */
export const requireLeafPath = async (
  path: {
    readonly signer: { readonly certificate: Certificate; readonly privateKey: KeyObject };
    readonly between: readonly Certificate[];
    readonly anchor: Certificate;
  },
  { trustDomain, now, random }: TrialSetting,
): Promise<void> => {
  const { signer, between, anchor } = path;
  const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
  const uri = `spiffe://${trustDomain}/ns/default/dc/dc1/svc/contract`;
  const request = parseCsr(createCsr({ keyPair, uri }));
  const prepared = prepareLeaf({ request, issuer: signer.certificate, lifetimeMs: 5 * MINUTE, now, random });
  const leaf = await issueWith(prepared, signer.privateKey);
  const presented = [leaf, signer.certificate, ...between];
  const verdict = verifyChain({ presented, anchors: [anchor], now, trustDomain, usage: 'tls-server' });
  if (!verdict.ok) throw fail(`a leaf does not verify: ${verdict.code}: ${verdict.reason}`);
};

/** Signs a prepared certificate with a key that is at hand. */
export const issueWith = async (prepared: PreparedCertificate, privateKey: KeyObject): Promise<Certificate> =>
  issue(prepared, new LocalSigner(privateKey));

/** The error of work that must fail with one of the codes (any code, without). */
export const refusedWith = async (
  work: Promise<unknown>,
  codes: readonly ErrorCode[] | undefined,
  what: string,
): Promise<BanyanError> => {
  let failure: unknown;
  try {
    await work;
  } catch (error) {
    failure = error;
  }
  if (failure === undefined) throw fail(`${what} was not refused`);
  if (!isBanyanError(failure)) throw fail(`${what} was refused without a code: ${messageOf(failure)}`, failure);
  if (codes !== undefined && !codes.includes(failure.code)) {
    throw fail(`${what} was refused with ${failure.code}, not ${codes.join(' or ')}: ${failure.message}`, failure);
  }
  return failure;
};
