import { after, type EpochMs } from '@banyan/kernel';

/** A token of Vault and how long it lives. */
export interface TokenLife {
  /** When it is renewed or replaced; absent for one without end. Drawn once. */
  readonly renewAt?: EpochMs;
  readonly endsAt?: EpochMs;
  readonly renewable: boolean;
}

/** Renewed between 45 and 55 percent of its life: half of it is left for a Vault that is away. */
const RENEW_FROM = 0.45;
const RENEW_SPREAD = 0.1;

/** What an answer of Vault says of a token; `ttlSeconds` 0 is without end. */
export const tokenLife = (said: {
  readonly ttlSeconds: number;
  readonly renewable: boolean;
  readonly now: EpochMs;
  /** 0 <= n < 1 */
  readonly fraction: number;
}): TokenLife => {
  const { ttlSeconds, renewable, now, fraction } = said;
  if (ttlSeconds === 0) return { renewable };
  const lifeMs = ttlSeconds * 1_000;
  return {
    renewAt: after(now, Math.floor(lifeMs * (RENEW_FROM + RENEW_SPREAD * fraction))),
    endsAt: after(now, lifeMs),
    renewable,
  };
};

/** A renewal that brings less than this share of the first life says that the token's longest life is near. */
const WORTH_RENEWING = 0.5;

/** Whether a renewal brought so little that the token is better replaced. Units: seconds. */
export const renewalIsExhausted = (firstSeconds: number, renewedSeconds: number): boolean =>
  renewedSeconds > 0 && renewedSeconds < firstSeconds * WORTH_RENEWING;
