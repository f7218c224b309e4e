export { type RawHttpAnswer, rawHttp, type RawHttpRequest } from './http/raw-http.js';
export { testKeyEncryption } from './test-cluster.js';
export { type TestStores, withTestStore } from './test-postgres.js';
export {
  forgeCertificate,
  forgeCsr,
  forgedKeyId,
  forgedTbs,
  type ForgedTemplate,
  forgedValidity,
} from './certificate-forge/forged-certificate.js';
export {
  forgeChain,
  type ForgedChain,
  type ForgedChange,
  type ForgedIdentity,
  forgeIdentity,
} from './certificate-forge/forged-chain.js';
export { FakeMeshSource, Published } from './mesh/fake-mesh-source.js';
export { type LogLine, RecordingLogger } from './mesh/recording-logger.js';
export { TestAuthority, type TestLeaf } from './mesh/test-authority.js';
export { MemoryCatalog } from './http/memory-catalog.js';
export { MemoryCommits } from './http/memory-commits.js';
export { MemoryIntentions } from './http/memory-intentions.js';
export { MemoryTokens } from './http/memory-tokens.js';
export { eventually, FakeTime, ScriptedRandom, settled } from './time/fake-time.js';
export { freeAddress, freePort } from './net/free-port.js';
export { type HeldLease, holdLease } from './hold-lease.js';
export { FakeEntrySource, type PublishedAnswer } from './agent/fake-entry-source.js';
export { FakeLeafSigner } from './agent/fake-leaf-signer.js';
export { FakeServers } from './agent/fake-servers.js';
export { MemoryIssuances, someRequester } from './ca/memory-issuances.js';
