/** The commands of the pages, as they stand there, against what `npm start` runs. */
import shared from './jest.e2e.config.mjs';

export default { ...shared, roots: ['<rootDir>/test/docs'], testTimeout: 300_000 };
