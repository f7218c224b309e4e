/** The command line against real datacenters: by what it prints, and through a real terminal (tmux). */
import shared from './jest.e2e.config.mjs';

export default { ...shared, roots: ['<rootDir>/test/cli'], testTimeout: 120_000 };
