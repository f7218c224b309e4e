import type { Random } from '@banyan/kernel';
import {
  exportPrivateKeyPem,
  generateKeyPair,
  importPrivateKeyPem,
  issue,
  LocalSigner,
  prepareRoot,
} from '@banyan/pki';
import { parseCaConfiguration } from '../domain/ca-configuration.js';
import { readOwnRoot } from '../domain/root-acceptance.js';
import {
  type IntermediateOrder,
  type ProvidedRoot,
  type ProviderCondition,
  RootProvider,
  type RootProviderKind,
  type RootRequest,
} from '../ports/root-provider.js';

/**
 * The built-in provider: the root's key is made here, or brought by the operator, and kept sealed in the database of the
 * primary. The key reference is the key itself, in PEM.
 */
class BuiltInProvider extends RootProvider {
  constructor(
    private readonly random: Random,
    private readonly ownRoot: { readonly certificatePem: string; readonly privateKeyPem: string } | undefined,
  ) {
    super();
  }

  /** A second request of one name makes another key: the first was stored nowhere, and nothing rests on it. */
  override async provide(request: RootRequest): Promise<ProvidedRoot> {
    if (this.ownRoot !== undefined) {
      const { certificate, keyPair } = readOwnRoot(this.ownRoot);
      return { certificatePem: certificate.pem, keyReference: exportPrivateKeyPem(keyPair.privateKey) };
    }
    const { trustDomain, commonName, lifetimeMs, now, keySpec } = request;
    const keyPair = await generateKeyPair(keySpec);
    const { random } = this;
    const prepared = prepareRoot({ publicKey: keyPair.publicKey, trustDomain, commonName, lifetimeMs, now, random });
    const certificate = await issue(prepared, new LocalSigner(keyPair.privateKey));
    return { certificatePem: certificate.pem, keyReference: exportPrivateKeyPem(keyPair.privateKey) };
  }

  override async signIntermediate(keyReference: string, { prepared }: IntermediateOrder): Promise<string> {
    return (await issue(prepared, signerOf(keyReference))).pem;
  }

  override async crossSign(
    keyReference: string,
    { prepared }: Parameters<RootProvider['crossSign']>[1],
  ): Promise<string> {
    return (await issue(prepared, signerOf(keyReference))).pem;
  }

  override async inspect(): Promise<ProviderCondition> {
    return Promise.resolve({ kind: 'ready' });
  }

  /** The key is in the row that the caller deletes. */
  override async destroy(): Promise<void> {}
}

const signerOf = (keyReference: string): LocalSigner => new LocalSigner(importPrivateKeyPem(keyReference).privateKey);

/** The kind that needs nothing but the database; its name is the one that existing tools send. */
export const builtInKind = (random: Random): RootProviderKind => ({
  name: 'consul',
  optionNames: ['PrivateKey', 'RootCert'],
  secretNames: ['PrivateKey'],
  identityNames: ['RootCert'],
  open: (options) => new BuiltInProvider(random, parseCaConfiguration('consul', options).ownRoot),
});
