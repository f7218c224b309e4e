import { Command } from 'commander';
import type { View } from '../../output/output.js';
import { type Fact, facts } from '../../output/table.js';
import { EXIT } from '../../session/exit-codes.js';
import { inSession } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { checkShape, INTENTIONS, type WireCheck } from '../../wire/intention-shapes.js';

const EXAMPLES = `
Ends with 0 when SRC may call DST, and with 9 when not (consul ends with 2, which is wrong usage here). Another datacenter may
not have the newest intention yet: --datacenter asks there. The token needs service:read on DST; with --why also
intention:read on one of the two.

Examples:
  banyan intention check web api
  banyan intention check --why web api
  banyan intention check --why --datacenter dc2 web api
`;

const whyFacts = ({ Code, Reason, DefaultAction, Intention }: NonNullable<WireCheck['Why']>): readonly Fact[] => {
  if (Intention === null) return [['why', `no intention matches; the default is ${DefaultAction}`]];
  return [
    ['why', Code === 'L7_INTENTION' ? `${Reason}: a connection is denied, requests are not looked at` : Reason],
    ['description', Intention.Description],
    ['by default', DefaultAction],
  ];
};

const checkView: View<WireCheck> = ({ Allowed, Why }, paint) =>
  [
    `${paint(Allowed ? 'good' : 'bad', Allowed ? 'Allowed' : 'Denied')}\n`,
    Why === undefined ? '' : facts(whyFacts(Why), paint),
  ].join('');

/** `banyan intention check`. */
export const checkCommand = (surroundings: Surroundings): Command =>
  new Command('check')
    .description('whether a service may call another, and why')
    .argument('<SRC>', 'who calls')
    .argument('<DST>', 'who is called')
    .option('--why', 'name the intention that decides')
    .addHelpText('after', EXAMPLES)
    .action(
      inSession<{ readonly why?: boolean }, readonly [string, string]>(
        surroundings,
        async ({ api, out }, { why }, source, destination) => {
          const query = { source, destination, ...(why === true && { why: true }) };
          const checked = await api.get(`${INTENTIONS}/check`, checkShape, query);
          out.show(checked, checkView);
          surroundings.exitCode = checked.Allowed ? EXIT.ok : EXIT.failures;
        },
      ),
    );
