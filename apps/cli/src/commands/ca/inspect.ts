import { isBanyanError, messageOf } from '@banyan/kernel';
import { Command } from 'commander';
import { inSession, type Session } from '../../session/session.js';
import { EXIT } from '../../session/exit-codes.js';
import type { Surroundings } from '../../session/surroundings.js';
import { type Inspection, inspectionShape, inspectionView } from './inspection-view.js';
import { certificateBlocks, inspectLocally } from './local-inspection.js';
import { readText } from './options-file.js';

const EXAMPLES = `
Only the certificates of the file are sent; a key beside them is not. Where nobody answers, the file is read on this machine,
without a verdict. Ends with 9 when the mesh does not trust the chain. The token needs operator:read.

Examples:
  banyan ca inspect leaf.pem
  openssl s_client -connect 10.0.0.7:21000 -showcerts </dev/null | banyan ca inspect -
  banyan ca inspect --offline leaf.pem
`;

const inspect = async (session: Session, blocks: readonly string[], isOffline: boolean): Promise<Inspection> => {
  const now = session.surroundings.clock.now();
  if (isOffline) return inspectLocally(blocks, now);
  try {
    const { value } = await session.api.ask({
      method: 'POST',
      path: '/v1/connect/ca/inspect',
      body: { PEM: `${blocks.join('\n')}\n` },
      shape: inspectionShape,
    });
    return value;
  } catch (error) {
    if (!isBanyanError(error, 'SERVER_UNREACHABLE', 'ROUTE_NOT_FOUND', 'TIMEOUT')) throw error;
    session.out.note(`read on this machine, so without a verdict: ${messageOf(error)}`);
    return inspectLocally(blocks, now);
  }
};

/** `banyan ca inspect`. */
export const inspectCommand = (surroundings: Surroundings): Command =>
  new Command('inspect')
    .description('read certificates, and say whether the mesh trusts their chain')
    .argument('<file>', 'PEM file, a leaf first; - for standard input')
    .option('--offline', 'ask nobody')
    .addHelpText('after', EXAMPLES)
    .action(
      inSession<{ readonly offline?: boolean }, readonly [string]>(surroundings, async (session, { offline }, file) => {
        const text = await readText(file, surroundings.input);
        const inspection = await inspect(session, certificateBlocks(text), offline === true);
        session.out.show(inspection, inspectionView);
        if (inspection.Trusted === false) surroundings.exitCode = EXIT.failures;
      }),
    );
