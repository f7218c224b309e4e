import type { IntermediateOrder } from '@banyan/ca';
import { type EpochMs, MINUTE, type Random } from '@banyan/kernel';
import {
  Certificate,
  createCsr,
  generateKeyPair,
  issue,
  type KeyPair,
  type KeySpec,
  LocalSigner,
  parseCsr,
  prepareCrossSigned,
  prepareIntermediate,
  prepareRoot,
} from '@banyan/pki';

/** Nothing that is made for a trial lives longer. */
export const TRIAL_LIFE_MS = 15 * MINUTE;

/** Where and when a trial is made. */
export interface TrialSetting {
  /** `<uuid>.consul` */
  readonly trustDomain: string;
  readonly now: EpochMs;
  readonly random: Random;
}

const NAME_BYTES = 4;
const trialName = (random: Random): string => `trial-${Buffer.from(random.bytes(NAME_BYTES)).toString('hex')}.banyan`;

/** An order for an intermediate whose key exists for this order only. */
export const trialIntermediate = async (
  issuer: Certificate,
  keySpec: KeySpec,
  { trustDomain, now, random }: TrialSetting,
): Promise<{ readonly order: IntermediateOrder; readonly keyPair: KeyPair }> => {
  const keyPair = await generateKeyPair(keySpec);
  const uri = `spiffe://${trustDomain}`;
  const csrPem = createCsr({ keyPair, uri, ca: true });
  const commonName = trialName(random);
  const request = parseCsr(csrPem);
  const prepared = prepareIntermediate({
    request,
    issuer,
    trustDomain,
    commonName,
    lifetimeMs: TRIAL_LIFE_MS,
    now,
    random,
  });
  return {
    order: { prepared, csrPem, commonName, uri, notAfter: prepared.notAfter, issuerPem: issuer.pem },
    keyPair,
  };
};

/** A next root to vouch for, whose key exists for this order only. */
export const trialCrossing = async (issuer: Certificate, keySpec: KeySpec, setting: TrialSetting) => {
  const next = await trialRoot(keySpec, setting);
  const { now, random } = setting;
  const prepared = prepareCrossSigned({ subject: next.certificate, issuer, now, random });
  return { order: { prepared, nextRootPem: next.certificate.pem }, next };
};

/** A root made here and thrown away. */
export const trialRoot = async (
  keySpec: KeySpec,
  { trustDomain, now, random }: TrialSetting,
): Promise<{ readonly certificate: Certificate; readonly keyPair: KeyPair }> => {
  const keyPair = await generateKeyPair(keySpec);
  const { publicKey, privateKey } = keyPair;
  const commonName = trialName(random);
  const prepared = prepareRoot({ publicKey, trustDomain, commonName, lifetimeMs: TRIAL_LIFE_MS, now, random });
  return { certificate: await issue(prepared, new LocalSigner(privateKey)), keyPair };
};
