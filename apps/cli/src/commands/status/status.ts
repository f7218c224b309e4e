import { Command } from 'commander';
import { LiveView } from '../../output/live-view.js';
import type { Paint } from '../../output/paint.js';
import { plainText } from '../../output/plain-text.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { assessMesh } from './assess-mesh.js';
import { exitCodeOfFindings, type Finding, wireFinding } from './finding.js';
import { findingsText, nextText } from './findings-view.js';
import { askMesh, noAnswer, valueOf } from './mesh-answers.js';

const EXAMPLES = `
Ends with 0 when all is well, 8 when somebody should look, 9 when something is broken, 3 when nobody answers, 4 when the token may not read. The token needs
operator:read.

Examples:
  banyan status
  banyan status --watch
  banyan status -o json
  banyan status || page-somebody
`;

const EVERY_MS = 2_000;

interface Status {
  readonly Address: string;
  readonly Datacenter: string;
  readonly TrustDomain: string;
  readonly Findings: readonly Finding[];
}

const readStatus = async ({ api, surroundings }: Session): Promise<Status> => {
  const answers = await askMesh(api);
  const failure = noAnswer(answers);
  if (failure !== undefined) throw failure;
  const federation = valueOf(answers.federation);
  return {
    Address: api.address,
    Datacenter: federation?.Datacenter ?? '',
    TrustDomain: federation?.TrustDomain ?? valueOf(answers.roots)?.TrustDomain ?? '',
    Findings: assessMesh(answers, surroundings.clock.now()),
  };
};

const statusText = ({ Address, Datacenter, TrustDomain, Findings }: Status, paint: Paint): string =>
  [
    `${paint('strong', plainText(Datacenter || 'banyan'))} at ${plainText(Address)}, trust domain ${plainText(TrustDomain)}\n\n`,
    findingsText(Findings, paint),
    `\n${paint('strong', 'next')}  ${nextText(Findings).split('\n').map(plainText).join('\n')}\n`,
  ].join('');

const textOf = ({ out }: Session, status: Status): string =>
  out.textOf({ ...status, Findings: status.Findings.map(wireFinding) }, (_, paint) => statusText(status, paint));

const watchStatus = async (session: Session): Promise<void> => {
  const screen = new LiveView(session.out.screen);
  const stop = session.stop();
  while (!stop.aborted) {
    try {
      screen.draw(textOf(session, await readStatus(session)));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      screen.draw(`${session.out.paint('bad', 'connection lost, trying again')}: ${plainText(error.message)}\n`);
    }
    await session.surroundings.timers.sleep(EVERY_MS, stop).catch(() => undefined);
  }
};

/** `banyan status`. */
export const statusCommand = (surroundings: Surroundings): Command =>
  new Command('status')
    .description('one screen of truth: trust, replication, rotation, who is behind, and what to do next')
    .option('-w, --watch', 'go on showing it as it changes')
    .addHelpText('after', EXAMPLES)
    .action(
      inSession<{ readonly watch?: boolean }>(surroundings, async (session, options) => {
        if (options.watch === true) {
          await watchStatus(session);
          return;
        }
        const status = await readStatus(session);
        session.out.write(textOf(session, status));
        surroundings.exitCode = exitCodeOfFindings(status.Findings);
      }),
    );
