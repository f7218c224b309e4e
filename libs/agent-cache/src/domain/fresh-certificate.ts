import { BanyanError, type EpochMs, skewOf } from '@banyan/kernel';
import type { Certificate, ChainVerdict } from '@banyan/pki';

/** A clock is not set right by asking again at once; every time, a certificate would be signed for nothing. */
export const SKEW_WAIT_MS = 30_000;

/**
 * Why a certificate that a server has just signed is refused. One that is out of its time as soon as it is there tells of
 * two clocks: `CLOCK_SKEW`, with how far ours is off. Else the verdict's own code.
 */
export const refusalOfFresh = (
  certificate: Certificate,
  verdict: Extract<ChainVerdict, { ok: false }>,
  now: EpochMs,
): BanyanError => {
  const { notBefore, notAfter } = certificate;
  const offsetMs = now < notBefore ? now - notBefore : now > notAfter ? now - notAfter : 0;
  if (offsetMs === 0 || (verdict.code !== 'CHAIN_NOT_YET_VALID' && verdict.code !== 'CHAIN_EXPIRED')) {
    return new BanyanError(verdict.code, `the signed certificate is refused: ${verdict.reason}`);
  }
  // What is signed begins a minute before it is made: so much more, at least, the clocks differ.
  const skew = skewOf(offsetMs < 0 ? offsetMs - 60_000 : offsetMs);
  const words = skew === undefined ? 'does not agree with' : `is at least ${skew}`;
  return new BanyanError('CLOCK_SKEW', `our clock ${words} the server's: what it signs now is out of its time here`);
};
