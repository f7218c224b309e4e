import { describe, it } from '@jest/globals';
import { builtInKind } from '@banyan/ca';
import { SystemClock, SystemRandom } from '@banyan/kernel';
import { type ProviderSubject, rootProviderContract } from '../src/index.js';

describe('the contract of providers, kept by the built-in one', () => {
  const random = new SystemRandom();
  const subject: ProviderSubject = {
    kind: builtInKind(random),
    options: {},
    now: () => new SystemClock().now(),
    random,
    abilities: {
      makesRoots: true,
      crossSigns: true,
      // A key that was stored nowhere is made again, and the caller deletes the row that holds it.
      finds: false,
      destroys: false,
      keySpecs: [
        { type: 'ec', bits: 256 },
        { type: 'ec', bits: 384 },
        { type: 'ec', bits: 521 },
        { type: 'rsa', bits: 2048 },
      ],
    },
  };
  for (const { name, run } of rootProviderContract(() => subject)) it(name, run, 30_000);
});
