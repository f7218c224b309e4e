import type { CaConfiguration } from '../domain/ca-configuration.js';
import { rootName } from '../domain/root-name.js';
import type { RootContent } from '../adapters/root-writes.js';
import type { ProviderAccess, SecretConfiguration } from './provider-access.js';
import type { ProvedRoot } from './root-maker.js';

/** The row of a root that was made and proved, with its key reference and its configuration sealed. */
export const rootContent = (
  access: Pick<ProviderAccess, 'seal'>,
  root: ProvedRoot,
  place: {
    readonly generation: number;
    readonly state: RootContent['state'];
    readonly configuration: SecretConfiguration;
    readonly parsed: CaConfiguration;
  },
): RootContent => {
  const id = root.certificate.fingerprintSha1;
  return {
    id,
    fingerprintSha256: root.certificate.fingerprintSha256,
    generation: place.generation,
    name: rootName(place.configuration.provider),
    certificatePem: root.certificate.pem,
    crossSignedPem: root.crossSigned?.pem ?? null,
    ...access.seal(id, { keyReference: root.keyReference, configuration: place.configuration }),
    provider: place.configuration.provider,
    state: place.state,
    rotatedOutAt: null,
    taintedAt: null,
    privateKeyType: place.parsed.keySpec.type,
    privateKeyBits: place.parsed.keySpec.bits,
  };
};
