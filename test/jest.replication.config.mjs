/** The longer proof of replication, on the harness of the end-to-end tests: primaries that are not the one they were. */
import shared from './jest.e2e.config.mjs';

export default { ...shared, roots: ['<rootDir>/test/replication'] };
