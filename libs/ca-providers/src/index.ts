export { AwsPcaKind } from './adapters/aws/aws-pca-kind.js';
export { preflight } from './adapters/preflight.js';
export type { ProviderSurroundings } from './adapters/provider-surroundings.js';
export { VaultKind } from './adapters/vault/vault-kind.js';
export { ContractBreach } from './contract/contract-checks.js';
export {
  type ContractCheck,
  type ProviderAbilities,
  type ProviderSubject,
  rootProviderContract,
} from './contract/root-provider-contract.js';
