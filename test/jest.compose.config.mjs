/** docker-compose.yml built and run on the Docker engine that DOCKER_HOST (or its default) names. Run in band. */
export default {
  rootDir: '..',
  testEnvironment: 'node',
  roots: ['<rootDir>/test/compose'],
  testRegex: '\\.spec\\.ts$',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: true }] },
  moduleNameMapper: {
    '^@banyan/([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testTimeout: 120_000,
};
