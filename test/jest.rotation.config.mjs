/** The longer proofs of rotations, on the harness of the end-to-end tests: pauses, ways back, crashes, absences, taints. */
import shared from './jest.e2e.config.mjs';

export default { ...shared, roots: ['<rootDir>/test/rotation'], testTimeout: 180_000 };
