/** The dashboard in a real browser, against the built processes of two datacenters. */
import shared from './jest.e2e.config.mjs';

export default { ...shared, roots: ['<rootDir>/test/dashboard'], testTimeout: 120_000 };
