import unit from '../jest.config.mjs';

/** Whole servers and CAs in one process, over real sockets and PostgreSQL: what takes too long for every `npm test`. */
export default { ...unit, rootDir: '..', testRegex: '\\.integration\\.ts$', testTimeout: 60_000 };
