import { BanyanError } from '@banyan/kernel';
import { Command, InvalidArgumentError } from 'commander';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { ROTATIONS } from './find-rotation.js';
import { readJsonObject } from './options-file.js';
import { addStepOptions, addWaitOptions, type StepOptions } from './rotation-options.js';
import { startRotation } from './start-rotation.js';
import type { WaitOptions } from './wait-for-rotation.js';

const EXAMPLES = `
A rotation replaces the root in phases that end by evidence; there is a way back until the last one. First look, then start
what you have seen. Without options the next root is like the present one. The token needs operator:write.

Examples:
  banyan ca rotate --dry-run                            the plan: who is touched, how long, who is in the way
  banyan ca rotate --plan-hash 51b0d31b…                start exactly that plan
  banyan ca rotate                                      plan, confirm by typing, start
  banyan ca rotate --key-type ec --key-bits 384 --yes --wait
  banyan ca rotate --provider vault --config-file vault.json --dry-run
  banyan ca rotate --datacenter-scope dc2               only the signing key of dc2; the root stays
`;

interface RotateOptions extends StepOptions, WaitOptions {
  readonly provider?: string;
  readonly configFile?: string;
  readonly keyType?: string;
  readonly keyBits?: number;
  readonly reason?: string;
  readonly distributeWait?: string;
  readonly verifyWindow?: string;
  readonly retireGrace?: string;
  readonly forceWithoutCrossSigning?: boolean;
  readonly datacenterScope?: string;
  readonly compromised?: boolean;
  readonly deadline?: string;
}

const wholeNumber = (text: string): number => {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number of bits, as 256.');
};

const configOf = async (session: Session, options: RotateOptions): Promise<Record<string, unknown> | undefined> => {
  const { configFile, keyType, keyBits } = options;
  const file = configFile === undefined ? {} : await readJsonObject(configFile, session.surroundings.input);
  if ((keyType === undefined) !== (keyBits === undefined)) {
    throw new BanyanError(
      'CONFIG_INVALID',
      '--key-type and --key-bits belong together, as in --key-type ec --key-bits 384',
    );
  }
  const config = { ...file, ...(keyType !== undefined && { PrivateKeyType: keyType, PrivateKeyBits: keyBits }) };
  return Object.keys(config).length === 0 ? undefined : config;
};

/** `banyan ca rotate`. */
export const rotateCommand = (surroundings: Surroundings): Command => {
  const command = new Command('rotate')
    .description('replace the root, or the signing key of one datacenter')
    .option('--provider <name>', 'CA provider of the next root')
    .option(
      '--config-file <file>',
      'JSON file with its options, as Config in the CA configuration; - for standard input',
    )
    .option('--key-type <type>', 'key of the next root: ec or rsa')
    .option('--key-bits <bits>', 'its size: 256, 384, 521; 2048, 4096', wholeNumber)
    .option('--reason <text>', 'why; the journal keeps it')
    .option('--distribute-wait <duration>', 'how long laggards are waited for where cross-signing covers them (15m)')
    .option('--verify-window <duration>', 'how long no handshake may need the previous root (5m)')
    .option('--retire-grace <duration>', 'how long the previous root stays trusted afterwards (1h)')
    .option('--force-without-cross-signing', 'the present root does not vouch for the next one')
    .option('--datacenter-scope <name>', 'only the signing key of this datacenter')
    .option('--compromised', 'with --datacenter-scope: the key is in wrong hands (needs --reason)')
    .option('--deadline <duration>', 'with --compromised: when the key goes, whoever still needs it (10m)')
    .addHelpText('after', EXAMPLES);
  return addWaitOptions(addStepOptions(command)).action(
    inSession(surroundings, async (session, options: RotateOptions) => {
      const scope = options.datacenterScope;
      const body = {
        Provider: options.provider,
        Config: await configOf(session, options),
        Reason: options.reason,
        DistributeWait: options.distributeWait,
        VerifyWindow: options.verifyWindow,
        RetireGrace: options.retireGrace,
        ForceWithoutCrossSigning: options.forceWithoutCrossSigning,
        Scope: scope === undefined ? undefined : { Datacenter: scope },
        Compromised: options.compromised,
        Deadline: options.deadline,
      };
      const text = `This starts a rotation of ${scope === undefined ? 'the root' : `the signing key of ${scope}`}`;
      await startRotation(session, { path: ROTATIONS, body, text, word: scope ?? 'rotate' }, options);
    }),
  );
};
