/** The longer proofs about time and providers, on the harness of the end-to-end tests: ends of certificates, sleepers, Vault. */
import shared from './jest.e2e.config.mjs';

export default { ...shared, roots: ['<rootDir>/test/time'], testTimeout: 180_000 };
