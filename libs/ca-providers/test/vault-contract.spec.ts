import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { SilentLogger, SystemRandom, SystemTimers } from '@banyan/kernel';
import { type ProviderSubject, rootProviderContract, VaultKind } from '../src/index.js';
import type { LocalVault } from './local-vault/local-vault.js';
import { localVault, policyFor, realVault, type VaultLab } from './vault-lab.js';

const EVERY_KEY = [
  { type: 'ec', bits: 256 },
  { type: 'ec', bits: 384 },
  { type: 'ec', bits: 521 },
  { type: 'rsa', bits: 2048 },
] as const;

/** The contract, against a Vault that was set up with the documented policy and nothing more. */
const examine = (name: string, lab: () => VaultLab): void => {
  const subject = async (configured: boolean): Promise<ProviderSubject> => {
    const mount = await lab().mount();
    const kind = new VaultKind({
      clock: lab().clock,
      timers: new SystemTimers(),
      random: new SystemRandom(),
      logger: new SilentLogger(),
    });
    const own = configured ? { RootIssuer: 'ours' } : {};
    if (configured) {
      const settings = { issuer_name: 'ours', common_name: 'ours.example', key_type: 'ec', key_bits: 256 };
      await lab().admin('POST', `${mount}/issuers/generate/root/internal`, {
        ...settings,
        not_after: '2040-01-01T00:00:00Z',
      });
    }
    return {
      kind,
      options: {
        Address: lab().address,
        CAFile: lab().caFile,
        RootPKIPath: mount,
        Token: await lab().token(policyFor(mount), { ttl: '10m' }),
        ...own,
      },
      now: () => lab().clock.now(),
      random: new SystemRandom(),
      abilities: {
        makesRoots: !configured,
        crossSigns: true,
        finds: true,
        destroys: true,
        keySpecs: configured ? [EVERY_KEY[0]] : EVERY_KEY,
      },
      close: async () => kind.stop(),
    };
  };

  describe(`the contract of providers, kept by Vault (${name})`, () => {
    for (const { name: check, run } of rootProviderContract(async () => subject(false))) it(check, run, 30_000);
  });
  describe(`the contract of providers, kept with an issuer of the operator's (${name})`, () => {
    for (const { name: check, run } of rootProviderContract(async () => subject(true))) it(check, run, 30_000);
  });
};

describe('local', () => {
  let started: { server: LocalVault; lab: VaultLab };
  beforeAll(async () => {
    started = await localVault();
  });
  afterAll(async () => {
    await started.server.stop();
  });
  examine('local server', () => started.lab);
});

if (realVault !== undefined) {
  const lab = realVault();
  afterAll(async () => lab.close());
  examine('real', () => lab);
}
