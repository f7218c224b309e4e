import { Command } from 'commander';
import { z } from 'zod';
import type { View } from '../../output/output.js';
import { type Column, table } from '../../output/table.js';
import { shortId, timeText } from '../../output/words.js';
import { writeLines } from '../../output/write-lines.js';
import { EXIT } from '../../session/exit-codes.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { exportLines } from '../trail/export-lines.js';
import { fileLines } from '../trail/file-lines.js';
import { momentOf } from '../trail/moment.js';
import { anchorOf, proofShape, proofView } from '../trail/proof.js';
import { wholeNumber } from '../trail/whole-number.js';
import { verifyLedgerLines } from './ledger-lines.js';

const PATH = '/v1/connect/ca/ledger';
/** A whole chain is read. */
const VERIFY_LIMIT_MS = 600_000;

const LIST = `
The newest first. The token needs operator:read.

Examples:
  banyan ledger list
  banyan ledger list --service web --since 3h
  banyan ledger list --serial 40:01:0a -o json        who got that certificate
`;

const EXPORT = `
Writes one JSON object a line, the oldest first; \`banyan ledger verify --file\` proves it anywhere. The token needs operator:read.

Examples:
  banyan ledger export > ledger.jsonl
  banyan ledger export --after 1200 >> ledger.jsonl
`;

const VERIFY = `
Proves that no entry was changed, put in or taken out, and names the first break. Whoever may write to the database could write the
whole chain anew: note the head elsewhere, and give it as --anchor the next time. Ends with 9 when the chain is broken. The
token needs operator:read; with --file nobody is asked.

Examples:
  banyan ledger verify
  banyan ledger verify --anchor 31:7edb3573…
  banyan ledger verify --file ledger.jsonl
`;

const ledgerShape = z.looseObject({
  Entries: z.array(
    z.looseObject({
      Seq: z.number(),
      Kind: z.string(),
      Serial: z.string(),
      URI: z.string(),
      Node: z.string(),
      Reason: z.string(),
      NotAfter: z.string(),
      IssuedAt: z.string(),
      IssuerKeyID: z.string(),
    }),
  ),
  Next: z.number().optional(),
});
type Ledger = z.infer<typeof ledgerShape>;

const COLUMNS: readonly Column<Ledger['Entries'][number]>[] = [
  { title: 'SEQ', value: ({ Seq }) => Seq, align: 'right' },
  { title: 'ISSUED', value: ({ IssuedAt }) => timeText(IssuedAt) },
  { title: 'KIND', value: ({ Kind }) => Kind },
  { title: 'FOR', value: ({ URI }) => URI },
  { title: 'NODE', value: ({ Node }) => Node },
  { title: 'REASON', value: ({ Reason }) => Reason, tone: ({ Reason }) => (Reason === 'taint' ? 'bad' : 'plain') },
  { title: 'UNTIL', value: ({ NotAfter }) => timeText(NotAfter) },
  { title: 'SERIAL', value: ({ Serial }) => shortId(Serial) },
  { title: 'SIGNED BY', value: ({ IssuerKeyID }) => shortId(IssuerKeyID) },
];

const ledgerView: View<Ledger> = ({ Entries, Next }, paint) =>
  Entries.length === 0
    ? 'no entries\n'
    : `${table(COLUMNS, Entries, paint)}${Next === undefined ? '' : `more: --before ${Next}\n`}`;

interface ListOptions {
  readonly service?: string;
  readonly serial?: string;
  readonly issuer?: string;
  readonly node?: string;
  readonly since?: string;
  readonly until?: string;
  readonly before?: number;
  readonly limit: number;
}

const list = async ({ api, out, surroundings }: Session, options: ListOptions): Promise<void> => {
  const now = surroundings.clock.now();
  const { service, serial, issuer, node, since, until, before, limit } = options;
  const query = {
    service,
    serial,
    issuer,
    node,
    before,
    limit,
    since: since === undefined ? undefined : momentOf(since, now, '--since'),
    until: until === undefined ? undefined : momentOf(until, now, '--until'),
  };
  out.show(await api.get(PATH, ledgerShape, query), ledgerView);
};

interface VerifyOptions {
  readonly anchor?: string;
  readonly file?: readonly string[];
}

const verify = async (session: Session, { anchor, file }: VerifyOptions): Promise<void> => {
  const { api, out, surroundings } = session;
  const place = anchor === undefined ? undefined : anchorOf(anchor);
  const proof =
    file === undefined
      ? (
          await api.ask({
            path: `${PATH}/verify`,
            query: { anchor },
            shape: proofShape,
            limitMs: VERIFY_LIMIT_MS,
          })
        ).value
      : await verifyLedgerLines(fileLines(file, surroundings.input), place);
  out.show(proof, proofView);
  surroundings.exitCode = proof.Valid ? EXIT.ok : EXIT.failures;
};

/** `banyan ledger`. */
export const ledgerCommand = (surroundings: Surroundings): Command => {
  const command = new Command('ledger').description('which certificates a datacenter signed');
  command
    .command('list')
    .description('search entries')
    .option('--service <name>', 'of this service')
    .option('--serial <hex>', 'of this certificate')
    .option('--issuer <key-id>', 'signed by this key')
    .option('--node <name>', 'asked for by this node')
    .option('--since <when>', 'a span as 3h, or a time')
    .option('--until <when>', 'a span as 3h, or a time')
    .option('--before <seq>', 'older than this entry', wholeNumber)
    .option('--limit <count>', 'how many, at most 1000', wholeNumber, 50)
    .addHelpText('after', LIST)
    .action(inSession<ListOptions>(surroundings, list));
  command
    .command('export')
    .description('write every entry as a line of JSON')
    .option('--after <seq>', 'newer than this entry', wholeNumber, 0)
    .addHelpText('after', EXPORT)
    .action(
      inSession<{ readonly after: number }>(surroundings, async (session, { after }) => {
        await writeLines(session.out.screen, exportLines(session, `${PATH}/export`, after));
      }),
    );
  command
    .command('verify')
    .description('prove that nothing was changed or taken away')
    .option('--anchor <seq:hash>', 'the head of an earlier proof: the chain must still lead through it')
    .option('--file <files...>', 'prove what an export wrote, in this order, without a server; - for standard input')
    .addHelpText('after', VERIFY)
    .action(inSession<VerifyOptions>(surroundings, verify));
  return command;
};
