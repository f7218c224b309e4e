/** Unit and contract tests of every room. Native ESM: started by scripts/jest.mjs. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test/structure'],
  testRegex: '\\.spec\\.ts$',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: true }] },
  moduleNameMapper: {
    '^@banyan/([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/test/jest-clusters.mjs',
  setupFiles: ['reflect-metadata'],
  testTimeout: 30_000,
  // Both cores of a small machine; a worker keeps every module it ever loaded, so it is replaced before it is slow.
  maxWorkers: 2,
  workerIdleMemoryLimit: '900MB',
};
