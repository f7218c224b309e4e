import { BanyanError, type ChainPlace } from '@banyan/kernel';
import { Command, Option } from 'commander';
import { writeLines } from '../../output/write-lines.js';
import { EXIT } from '../../session/exit-codes.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { exportLines } from '../trail/export-lines.js';
import { fileLines } from '../trail/file-lines.js';
import { momentOf } from '../trail/moment.js';
import { anchorOf, type Proof, proofShape, proofView } from '../trail/proof.js';
import { wholeNumber } from '../trail/whole-number.js';
import { auditShape, auditView } from './audit-view.js';

const PATH = '/v1/audit';
/** A whole trail is read. */
const VERIFY_LIMIT_MS = 600_000;

const LIST = `
Administrative acts and refused attempts of this datacenter, the newest first; an act is recorded where it was carried out, so
that writes of intentions, tokens and rotations stand in the primary's trail. The token needs operator:read.

Examples:
  banyan audit list
  banyan audit list --result denied --since 1h
  banyan audit list --action rotation. --actor ada         all that ada did to rotations
  banyan audit list -o json --limit 1                      with before and after as a whole
`;

const EXPORT = `
Writes one JSON object a line, the oldest first; \`banyan audit verify --file\` proves it anywhere. The token needs operator:read.

Examples:
  banyan audit export > audit.jsonl
  banyan audit export --after 1200 >> audit.jsonl
`;

const VERIFY = `
Proves that no entry was changed, put in or taken out, and names the first break. Whoever may write to the database could write the
whole trail anew: note the head elsewhere, and give it as --anchor the next time. Ends with 9 when the trail is broken. The
token needs operator:read; with --file nobody is asked.

Examples:
  banyan audit verify
  banyan audit verify --anchor 31:7edb3573…
  banyan audit verify --file audit.jsonl
  banyan audit verify --chain server --file audit.log.1 audit.log    the file that one server writes
`;

interface ListOptions {
  readonly actor?: string;
  readonly action?: string;
  readonly result?: string;
  readonly since?: string;
  readonly until?: string;
  readonly before?: number;
  readonly after?: number;
  readonly limit: number;
}

const list = async ({ api, out, surroundings }: Session, options: ListOptions): Promise<void> => {
  const now = surroundings.clock.now();
  const { actor, action, result, since, until, before, after, limit } = options;
  const query = {
    actor,
    action,
    result,
    before,
    after,
    limit,
    since: since === undefined ? undefined : momentOf(since, now, '--since'),
    until: until === undefined ? undefined : momentOf(until, now, '--until'),
  };
  out.show(await api.get(PATH, auditShape, query), auditView);
};

interface VerifyOptions {
  readonly anchor?: string;
  readonly file?: readonly string[];
  readonly chain: 'datacenter' | 'server';
}

const wirePlace = ({ seq, hash }: ChainPlace): { readonly Seq: number; readonly Hash: string } => ({
  Seq: seq,
  Hash: hash,
});

const verifyFiles = async (
  lines: AsyncIterable<string>,
  options: { readonly chain: 'datacenter' | 'server'; readonly anchor?: ChainPlace },
): Promise<Proof> => {
  // The room brings the database's driver along; no other command waits for that.
  const { AuditLines } = await import('@banyan/audit');
  const check = new AuditLines(options);
  for await (const line of lines) if (!check.follow(line)) break;
  const { valid, entries, from, head, firstBreak } = check.end();
  if (entries === 0 && firstBreak === undefined) {
    throw new BanyanError('CONFIG_INVALID', 'there is no entry to prove');
  }
  return {
    Valid: valid,
    Entries: entries,
    ...(from !== undefined && { Checkpoint: wirePlace(from) }),
    ...(head !== undefined && { Head: wirePlace(head) }),
    ...(firstBreak !== undefined && {
      Break: {
        Seq: firstBreak.seq,
        Kind: firstBreak.kind,
        Detail: firstBreak.detail,
        Line: firstBreak.line,
        ...(firstBreak.server !== undefined && { Server: firstBreak.server }),
      },
    }),
  };
};

const verify = async (session: Session, { anchor, file, chain }: VerifyOptions): Promise<void> => {
  const { api, out, surroundings } = session;
  const place = anchor === undefined ? undefined : anchorOf(anchor);
  const ask = async (): Promise<Proof> =>
    (await api.ask({ path: `${PATH}/verify`, query: { anchor }, shape: proofShape, limitMs: VERIFY_LIMIT_MS })).value;
  const proof =
    file === undefined
      ? await ask()
      : await verifyFiles(fileLines(file, surroundings.input), {
          chain,
          ...(place !== undefined && { anchor: place }),
        });
  out.show(proof, proofView);
  surroundings.exitCode = proof.Valid ? EXIT.ok : EXIT.failures;
};

/** `banyan audit`. */
export const auditCommand = (surroundings: Surroundings): Command => {
  const command = new Command('audit').description('who did what, and who was refused');
  command
    .command('list')
    .description('search entries')
    .option('--actor <who>', 'accessor or name of the token')
    .option('--action <name>', 'as intention.write; intention. for all that begin so')
    .addOption(new Option('--result <result>', 'how it ended').choices(['ok', 'denied', 'failed']))
    .option('--since <when>', 'a span as 3h, or a time')
    .option('--until <when>', 'a span as 3h, or a time')
    .option('--before <seq>', 'older than this entry', wholeNumber)
    .option('--after <seq>', 'newer than this entry, the oldest first', wholeNumber)
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
    .option('--anchor <seq:hash>', 'the head of an earlier proof: the trail must still lead through it')
    .option('--file <files...>', 'prove these lines, in this order, without a server; - for standard input')
    .addOption(
      new Option('--chain <kind>', 'with --file: an export of a datacenter, or what one server writes to its file')
        .choices(['datacenter', 'server'])
        .default('datacenter'),
    )
    .addHelpText('after', VERIFY)
    .action(inSession<VerifyOptions>(surroundings, verify));
  return command;
};
