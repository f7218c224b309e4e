import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { watchView } from '../../output/follow.js';
import { inSession } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { instancesShape, serviceSummariesShape } from '../../wire/service-shapes.js';
import { deregisterCommand, registerCommand } from './register.js';
import { instancesView, summariesView } from './service-view.js';

const LIST = `
Those are shown which the token may read (service:read).

Examples:
  banyan services list
  banyan services list --datacenter dc2 --watch
`;

const SHOW = `
Every instance, and the checks that do not pass. The token needs service:read on it.

Examples:
  banyan services show web
  banyan services show web --passing --datacenter dc2
`;

const LIST_PATH = '/v1/health/services';

/** `banyan services`. */
export const servicesCommand = (surroundings: Surroundings): Command => {
  const command = new Command('services').description('what the catalog holds, and what this host registers');
  command
    .command('list')
    .description('the services of a datacenter, and how they are')
    .option('-w, --watch', 'go on showing them as they change')
    .addHelpText('after', LIST)
    .action(
      inSession<{ readonly watch?: boolean }>(surroundings, async (session, { watch }) => {
        if (watch === true) {
          await watchView(session, {
            request: { path: LIST_PATH, shape: serviceSummariesShape },
            view: summariesView,
          });
          return;
        }
        session.out.show(await session.api.get(LIST_PATH, serviceSummariesShape), summariesView);
      }),
    );
  command
    .command('show')
    .description('the instances of one service')
    .argument('<service>', 'its name')
    .option('--passing', 'only those that are well')
    .addHelpText('after', SHOW)
    .action(
      inSession<{ readonly passing?: boolean }, readonly [string]>(
        surroundings,
        async ({ api, out }, { passing }, service) => {
          const query = passing === true ? { passing: true } : {};
          const found = await api.get(`/v1/health/service/${encodeURIComponent(service)}`, instancesShape, query);
          if (found.length === 0) {
            const text = `no ${passing === true ? 'passing ' : ''}instance of ${service} is known there`;
            throw new BanyanError('SERVICE_NOT_FOUND', text, {
              fields: { next: '`banyan services list` names the services; --datacenter asks in another one' },
            });
          }
          out.show(found, instancesView);
        },
      ),
    );
  command.addCommand(registerCommand(surroundings));
  command.addCommand(deregisterCommand(surroundings));
  return command;
};
