import { readFile } from 'node:fs/promises';
import { BanyanError, messageOf, SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import type { ContractCheck, ProviderAbilities } from '@banyan/ca-providers';
import { Command } from 'commander';
import { consoleLogger } from '../console-logger.js';

const EXAMPLES = `
Runs what banyan relies on of a CA provider, check by check, against the service that the options name. Roots are made
and destroyed there: do not name one that is in use.

Examples:
  banyan ca provider-check @acme/banyan-hsm --options hsm.json
  banyan ca provider-check @acme/banyan-kms --options kms.json --no-cross-sign --key ec256 --key rsa2048
  banyan ca provider-check vault --options vault.json

The package is looked for in node_modules, from the present folder upwards.
`;

interface CheckOptions {
  readonly options: string;
  readonly crossSign: boolean;
  readonly find: boolean;
  readonly destroy: boolean;
  readonly configured?: boolean;
  readonly key: readonly string[];
}

const KEYS: Readonly<Record<string, ProviderAbilities['keySpecs'][number]>> = {
  ec256: { type: 'ec', bits: 256 },
  ec384: { type: 'ec', bits: 384 },
  ec521: { type: 'ec', bits: 521 },
  rsa2048: { type: 'rsa', bits: 2048 },
  rsa4096: { type: 'rsa', bits: 4096 },
};

const keySpecOf = (name: string): ProviderAbilities['keySpecs'][number] => {
  const spec = KEYS[name];
  if (spec !== undefined) return spec;
  throw new BanyanError('CONFIG_INVALID', `--key is one of ${Object.keys(KEYS).join(', ')}`);
};

const readOptions = async (path: string): Promise<Record<string, unknown>> => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    // The text of a syntax error quotes the file, which may hold secrets.
    const reason = cause instanceof SyntaxError ? 'it is no JSON' : messageOf(cause);
    throw new BanyanError('CONFIG_INVALID', `--options cannot be read: ${reason}`, { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new BanyanError(
    'CONFIG_INVALID',
    `--options must name a file with a JSON object, as Config in the CA configuration`,
  );
};

/** The checks one after another; how many failed. */
const runChecks = async (checks: readonly ContractCheck[], write: (line: string) => void): Promise<number> => {
  let failed = 0;
  for (const { name, run } of checks) {
    try {
      await run();
      write(`ok    ${name}`);
    } catch (error) {
      failed += 1;
      write(`FAIL  ${name}\n      ${messageOf(error)}`);
    }
  }
  return failed;
};

const check = async (provider: string, given: CheckOptions): Promise<void> => {
  // Loaded here: nobody else who starts the command line waits for it.
  const { bindProviderKinds, loadPackageKind, rootProviderContract } = await import('@banyan/ca-providers');
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  const surroundings = { clock, random, timers: new SystemTimers(), logger: consoleLogger(process.env) };
  const options = await readOptions(given.options);
  const bound = await bindProviderKinds(surroundings);
  const kind = bound.kinds.get(provider) ?? (await loadPackageKind(provider, surroundings));
  const abilities: ProviderAbilities = {
    makesRoots: given.configured !== true,
    crossSigns: given.crossSign,
    finds: given.find,
    destroys: given.destroy,
    keySpecs: (given.key.length === 0 ? ['ec256'] : given.key).map(keySpecOf),
  };
  const checks = rootProviderContract(() => ({ kind, options, now: () => clock.now(), random, abilities }));
  const failed = await runChecks(checks, (line) => void process.stdout.write(`${line}\n`));
  await bound.stop();
  process.stdout.write(`${checks.length - failed} passed, ${failed} failed\n`);
  if (failed > 0) {
    throw new BanyanError('PROVIDER_REFUSED', `${provider} does not keep the contract of CA providers`);
  }
};

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

/** `banyan ca provider-check`: for authors of CA providers. */
export const providerCheckCommand = (): Command =>
  new Command('provider-check')
    .description('check that a CA provider does what banyan relies on')
    .argument('<package>', 'npm package of the provider, or vault or aws-pca')
    .requiredOption('--options <file>', 'JSON file with the options of the provider, as Config in the CA configuration')
    .option('--no-cross-sign', 'it cannot vouch for the next root')
    .option('--no-find', 'asked twice for one rotation, it makes a second root')
    .option('--no-destroy', 'its keys are in the key reference, and destroyed with that')
    .option('--configured', 'it finds one configured root and makes none')
    .option('--key <kind>', 'a key kind that it makes roots with (ec256, ec384, ec521, rsa2048, rsa4096)', collect, [])
    .addHelpText('after', EXAMPLES)
    .action(check);
