/** Prometheus against real processes: every expression of every panel and rule, and the rules themselves. */
import shared from './jest.e2e.config.mjs';

export default { ...shared, roots: ['<rootDir>/test/monitoring'], testTimeout: 90_000 };
