import type { RootProviderKind } from '@banyan/ca';
import { AwsPcaKind } from './aws/aws-pca-kind.js';
import { loadPackageKind } from './package/package-kind.js';
import type { ProviderSurroundings } from './provider-surroundings.js';
import { VaultKind } from './vault/vault-kind.js';

/** The kinds of provider that a server binds beside the built-in one, by the name in the configuration; owned by it. */
export interface BoundProviderKinds {
  readonly kinds: ReadonlyMap<string, RootProviderKind>;
  /** Ends token renewals and connections. */
  stop(): Promise<void>;
}

/**
 * `vault`, `aws-pca`, and `package:<name>` for each named package, which is loaded now, so that a broken one is known when
 * the server starts and not in the middle of a rotation. Throws `CA_PROVIDER_UNKNOWN`, naming the package.
 */
export const bindProviderKinds = async (
  surroundings: ProviderSurroundings,
  packages: readonly string[] = [],
): Promise<BoundProviderKinds> => {
  const vault = new VaultKind(surroundings);
  const aws = new AwsPcaKind(surroundings);
  const loaded = await Promise.all(packages.map(async (name) => loadPackageKind(name, surroundings)));
  const kinds = new Map([vault, aws, ...loaded].map((kind: RootProviderKind) => [kind.name, kind]));
  return {
    kinds,
    stop: async () => {
      await Promise.all([vault.stop(), aws.stop()]);
    },
  };
};
