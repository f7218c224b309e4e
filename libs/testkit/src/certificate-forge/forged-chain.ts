import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { EpochMs } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import { forgeCertificate, type ForgedTemplate, forgedKeyId, forgedValidity } from './forged-certificate.js';

/** A forged certificate with the key that belongs to it. */
export interface ForgedIdentity {
  readonly certificate: Certificate;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What may differ from the good certificate of that place in the chain. */
export type ForgedChange = Partial<ForgedTemplate> & {
  /** The identity's own key, instead of a fresh P-256 one. */
  readonly keyPair?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
};

/** A root, an intermediate and a leaf: good ones, unless something was changed. */
export interface ForgedChain {
  readonly root: ForgedIdentity;
  readonly intermediate: ForgedIdentity;
  readonly leaf: ForgedIdentity;
}

/** An identity whose key and signer may be left out: a fresh P-256 key, signed by `issuer` or, without one, by itself. */
export const forgeIdentity = (
  template: ForgedChange & Pick<ForgedTemplate, 'subject' | 'notBefore' | 'notAfter'>,
  issuer?: ForgedIdentity,
): ForgedIdentity => {
  const { keyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' }), ...said } = template;
  const { publicKey, privateKey } = keyPair;
  const der = forgeCertificate({
    publicKey,
    signWith: issuer?.privateKey ?? privateKey,
    issuer: issuer?.certificate.commonName ?? template.subject,
    authorityKeyId: forgedKeyId(issuer?.publicKey ?? publicKey),
    ...said,
  });
  return { certificate: Certificate.fromDer(der), publicKey, privateKey };
};

/**
 * A whole chain for the service `web` of `dc1`, valid around `now`. Give a change for the certificate that shall be
 * wrong: `forgeChain({ trustDomain, now, leaf: { uris: [one, two] } })`.
 */
export const forgeChain = (wanted: {
  /** `<uuid>.consul` */
  trustDomain: string;
  now: EpochMs;
  root?: ForgedChange;
  intermediate?: ForgedChange;
  leaf?: ForgedChange;
}): ForgedChain => {
  const authority = { ca: true, uris: [`spiffe://${wanted.trustDomain}`], ...forgedValidity(wanted.now) };
  const root = forgeIdentity({ ...authority, subject: 'root.forged', ...wanted.root });
  const intermediate = forgeIdentity(
    { ...authority, subject: 'intermediate.forged', pathLength: 0, ...wanted.intermediate },
    root,
  );
  const uris = [`spiffe://${wanted.trustDomain}/ns/default/dc/dc1/svc/web`];
  const leaf = forgeIdentity({ subject: '', uris, ...forgedValidity(wanted.now), ...wanted.leaf }, intermediate);
  return { root, intermediate, leaf };
};
