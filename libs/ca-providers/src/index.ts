export { AwsPcaKind } from './adapters/aws/aws-pca-kind.js';
export { loadPackageKind } from './adapters/package/package-kind.js';
export { preflight } from './adapters/preflight.js';
export type { ProviderSurroundings } from './adapters/provider-surroundings.js';
export { bindProviderKinds, type BoundProviderKinds } from './adapters/root-provider-kinds.js';
export { VaultKind } from './adapters/vault/vault-kind.js';
export { ContractBreach } from './contract/contract-checks.js';
export {
  type ContractCheck,
  type ProviderAbilities,
  type ProviderSubject,
  rootProviderContract,
} from './contract/root-provider-contract.js';
export type { KeyHolder, ProviderTools, RootProviderFactory } from './domain/provider-package.js';
