import { Command } from 'commander';
import { facts } from '../../output/table.js';
import { EXIT } from '../../session/exit-codes.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { checkShape, INTENTIONS, matchShape } from '../../wire/intention-shapes.js';
import { type Explanation, explain } from './explain.js';
import { actionText, pairText } from './intention-view.js';

const EXAMPLES = `
Ends with 0 when SRC may call DST, and with 9 when not (consul ends with 2, which is wrong usage here). Another datacenter may
not have the newest intention yet: --datacenter asks there. The token needs service:read on DST; with --why intention:read, too.

Examples:
  banyan intention check web api
  banyan intention check --why web api
  banyan intention check --why --datacenter dc2 web api
`;

interface Checked extends Partial<Explanation> {
  readonly Source: string;
  readonly Destination: string;
  readonly Allowed: boolean;
}

const check = async (session: Session, pair: readonly [string, string], isWhy: boolean): Promise<void> => {
  const { api, out, surroundings } = session;
  const [source, destination] = pair;
  const { Allowed } = await api.get(`${INTENTIONS}/check`, checkShape, { source, destination });
  const why = isWhy
    ? explain(
        (await api.get(`${INTENTIONS}/match`, matchShape, { by: 'destination', name: destination }))[destination] ?? [],
        bareName(source),
        Allowed,
      )
    : {};
  out.show<Checked>({ Source: source, Destination: destination, Allowed, ...why }, (value, paint) =>
    [
      `${paint(Allowed ? 'good' : 'bad', Allowed ? 'Allowed' : 'Denied')}\n`,
      value.Reason === undefined
        ? ''
        : facts(
            [
              ['why', value.Reason],
              ...(value.Overruled ?? []).map(
                (each) =>
                  ['overruled', `${pairText(each)} (precedence ${each.Precedence}): ${actionText(each)}`] as const,
              ),
            ],
            paint,
          ),
    ].join(''),
  );
  surroundings.exitCode = Allowed ? EXIT.ok : EXIT.failures;
};

/** A name without the namespace that some clients write before it. */
const bareName = (name: string): string => name.split('/').at(-1) ?? name;

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
        (session, { why }, source, destination) => check(session, [source, destination], why === true),
      ),
    );
