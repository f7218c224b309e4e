import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { z } from 'zod';
import { plainText } from '../../output/plain-text.js';
import { inSession } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { readText } from '../ca/options-file.js';

const EXAMPLES = `
All servers of the secondary use it from now on, without a restart. A token that lacks a scope is refused with what it lacks;
--force stores it all the same. The token is read from a file, so that it stands in no list of processes. Ask a server or
agent of that secondary; the token you show needs operator:write.

Examples:
  banyan federation invite dc2 --again --token-out dc2.token        at the primary
  banyan replication use-token dc2.token -http-addr dc2-server:8510
`;

const answerShape = z.looseObject({ Checked: z.boolean(), Reason: z.string() });

/** `banyan replication use-token`. */
export const useTokenCommand = (surroundings: Surroundings): Command =>
  new Command('use-token')
    .description('let a secondary follow its primary by another token')
    .argument('<file>', 'file with the secret; - for standard input')
    .option('--force', 'although it lacks a scope, or nobody can say')
    .addHelpText('after', EXAMPLES)
    .action(
      inSession<{ readonly force?: boolean }, readonly [string]>(
        surroundings,
        async ({ api, out }, { force }, file) => {
          const Token = (await readText(file, surroundings.input)).trim();
          if (Token === '') throw new BanyanError('CONFIG_INVALID', `${file} is empty`);
          const { value } = await api.ask({
            method: 'PUT',
            path: '/v1/agent/token/replication',
            query: { force: force === true ? true : undefined },
            body: { Token },
            shape: answerShape,
          });
          out.show(value, (answer) =>
            answer.Checked
              ? 'it is used from now on\n'
              : `it is used from now on, unchecked: ${plainText(answer.Reason)}\n`,
          );
        },
      ),
    );
