import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import type { VaultKind } from '../src/index.js';
import type { LocalVault } from './local-vault/local-vault.js';
import { examineBehaviour } from './vault-behaviour.js';
import { localVault, realVault, type VaultLab } from './vault-lab.js';

const kinds: VaultKind[] = [];
const track = (kind: VaultKind): VaultKind => {
  kinds.push(kind);
  return kind;
};
afterEach(async () => {
  await Promise.all(kinds.splice(0).map(async (kind) => kind.stop()));
});

describe('a root in Vault (local server)', () => {
  let started: { server: LocalVault; lab: VaultLab };
  beforeAll(async () => {
    started = await localVault();
  });
  afterAll(async () => {
    await started.server.stop();
  });
  examineBehaviour(() => started.lab, track);
});

if (realVault !== undefined) {
  describe('a root in Vault (real)', () => {
    const lab = realVault!();
    afterAll(async () => lab.close());
    examineBehaviour(() => lab, track);
  });
}
