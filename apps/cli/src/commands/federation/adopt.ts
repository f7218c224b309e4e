import { BanyanError, parseGoDuration } from '@banyan/kernel';
import { Command } from 'commander';
import { anything } from '../../api/api-client.js';
import { follow, withLimit } from '../../output/follow.js';
import type { View } from '../../output/output.js';
import { facts } from '../../output/table.js';
import { counted } from '../../output/words.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { replicationShape, type WireAdoptionOffer } from '../../wire/replication-shapes.js';

const EXAMPLES = `
For a datacenter that ran alone and was started as a secondary: it goes on as it was until somebody has seen what it would
lose, and confirmed exactly that. Ask a server of that datacenter, with a token of its own (operator:write).

Examples:
  banyan federation adopt -http-addr dc3-server:8510 -token-file own.token --dry-run
  banyan federation adopt -http-addr dc3-server:8510 -token-file own.token --wait
`;

const MOST_NAMED = 20;

interface AdoptOptions {
  readonly hash?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly wait?: boolean;
  readonly waitLimit: string;
}

const lossView: View<WireAdoptionOffer> = ({ Hash, WouldLose }, paint) =>
  facts(
    [
      ['would lose', `trust domain ${WouldLose.TrustDomain}`],
      ...WouldLose.Roots.map(({ ID, Fingerprint }) => ['root', `${ID} (${Fingerprint})`] as const),
      ['intentions', `${WouldLose.Totals.Intentions}: ${WouldLose.Intentions.slice(0, MOST_NAMED).join(', ')}`],
      ['tokens', counted(WouldLose.Totals.Tokens, 'token')],
      ...WouldLose.Tokens.slice(0, MOST_NAMED).map((each) => ['', `${each.AccessorID} ${each.Description}`] as const),
      ['hash', Hash],
    ],
    paint,
  );

/** Its own tokens are void once it has joined: the answer to a look is then a refusal, and that is the end of the wait. */
const untilJoined = async (session: Session, limitMs: number): Promise<void> => {
  const limit = withLimit(session, { ms: limitMs, text: 'the datacenter has not joined in time; it goes on trying' });
  let state = '';
  try {
    await follow(session, {
      request: { path: '/v1/replication', shape: replicationShape },
      signal: limit.signal,
      onLost: (reason) => reason !== undefined && session.out.note(`connection lost, trying again: ${reason}`),
      onValue: ({ State, Reason }) => {
        if (state !== State) session.out.note(`${State}${Reason === '' ? '' : `: ${Reason}`}`);
        state = State;
        return State === 'READY';
      },
    });
  } catch (error) {
    if (!(error instanceof BanyanError) || !['ACL_NOT_FOUND', 'PERMISSION_DENIED'].includes(error.code)) throw error;
    session.out.note('it has joined: tokens are those of the primary now');
    return;
  } finally {
    limit.end();
  }
  if (state !== 'READY' && limit.signal.reason instanceof BanyanError) throw limit.signal.reason;
};

const adopt = async (session: Session, options: AdoptOptions): Promise<void> => {
  const { api, out, confirmation } = session;
  const { Adoption, Datacenter, State } = await api.get('/v1/replication', replicationShape);
  if (Adoption === undefined || Adoption.Confirmed) {
    throw new BanyanError('CONFLICT', `${Datacenter} has nothing to confirm: it is ${State}`, {
      fields: { next: '`banyan replication status` says how it follows its primary' },
    });
  }
  if (options.dryRun === true) {
    out.show(Adoption, lossView);
    return;
  }
  if (options.yes !== true) out.note(lossView(Adoption, out.paint));
  const text = `${Datacenter} loses all of that when it joins, and keys of its former roots are destroyed`;
  await confirmation.require({ text, word: Datacenter, isAnswered: options.yes === true });
  const body = { Hash: options.hash ?? Adoption.Hash };
  await api.ask({ method: 'PUT', path: '/v1/replication/adopt', body, shape: anything });
  out.note('confirmed; it joins now');
  if (options.wait === true) await untilJoined(session, parseGoDuration(options.waitLimit));
};

/** `banyan federation adopt`. */
export const adoptCommand = (surroundings: Surroundings): Command =>
  new Command('adopt')
    .description('let a datacenter that stood alone join its primary')
    .option('--hash <hash>', 'what was looked at; refused when it would lose something else now')
    .option('--dry-run', 'only show what it would lose')
    .option('-y, --yes', 'do not ask')
    .option('--wait', 'wait until it has joined')
    .option('--wait-limit <duration>', 'how long at most', '5m')
    .addHelpText('after', EXAMPLES)
    .action(inSession<AdoptOptions>(surroundings, (session, options) => adopt(session, options)));
