export { LocalSigner } from './adapters/local-signer.js';
export { Certificate, parseCertificates } from './domain/certificate/certificate.js';
export type { KeyUsage } from './domain/certificate/extensions.js';
export {
  type BrokenTransition,
  followTransitions,
  type RootTransition,
  type TransitionQuestion,
  type TransitionVerdict,
  type VouchedTransition,
} from './domain/chain/follow-transitions.js';
export { type ChainQuestion, type ChainUsage, type ChainVerdict, verifyChain } from './domain/chain/verify-chain.js';
export { createCsr } from './domain/csr/create-csr.js';
export { type CertificateRequest, parseCsr } from './domain/csr/parse-csr.js';
export { issue } from './domain/issue/issue.js';
export { prepareCrossSigned, prepareIntermediate, prepareLeaf, prepareRoot } from './domain/issue/prepare.js';
export type { PreparedCertificate } from './domain/issue/prepared-certificate.js';
export { exportPrivateKeyPem, generateKeyPair, importPrivateKeyPem, type KeyPair } from './domain/keys/key-pair.js';
export { type KeySpec, parseKeySpec } from './domain/keys/key-spec.js';
export { CertificateSigner } from './ports/certificate-signer.js';
