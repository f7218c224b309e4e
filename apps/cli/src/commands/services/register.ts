import { BanyanError, isBanyanError, parseGoDuration } from '@banyan/kernel';
import { Command, InvalidArgumentError } from 'commander';
import { anything } from '../../api/api-client.js';
import { follow, withLimit } from '../../output/follow.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { instancesShape } from '../../wire/service-shapes.js';
import { readJsonOrYaml } from '../read-json.js';
import { namesOf, type RegistrationOptions, registrationOf, registrationsIn } from './registration.js';

const REGISTER = `
Services are registered with the agent of their host, which keeps them over restarts and tells the datacenter. The file holds a
registration as for PUT /v1/agent/service/register, or {"service": …} or {"services": […]} around it, as JSON or YAML; checks
are given there. The token needs service:write on the name.

Examples:
  banyan services register web.json
  banyan services register -name web -port 8080 --sidecar
  banyan services register -name web -port 8080 -tag v2 -meta team=shop --wait
`;

const DEREGISTER = `
Ask the agent that the service is registered with. The token needs service:write on the name.

Examples:
  banyan services deregister web-1
  banyan services deregister -id web-1
  banyan services deregister web.json
`;

interface RegisterOptions extends RegistrationOptions {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly waitLimit: string;
}

const ASK_AN_AGENT = 'services are registered with the agent of their host: name one with --http-addr';

/** A server has no such route; whoever asked one wants to know where. */
const askAgent = (session: Session, path: string, body?: unknown): Promise<unknown> =>
  session.api
    .ask({ method: 'PUT', path, ...(body !== undefined && { body }), shape: anything })
    .catch((error: unknown) => {
      if (!isBanyanError(error, 'ROUTE_NOT_FOUND')) throw error;
      throw new BanyanError(error.code, `${session.api.address} is no agent`, {
        cause: error,
        fields: { ...error.fields, next: ASK_AN_AGENT },
      });
    });

const waitInCatalog = async (session: Session, names: readonly ReturnType<typeof namesOf>[], text: string) => {
  const limit = withLimit(session, { ms: parseGoDuration(text), text: 'registered, but not in the catalog yet' });
  try {
    for (const { id, name } of names) {
      await follow(session, {
        request: { path: `/v1/health/service/${encodeURIComponent(name)}`, shape: instancesShape },
        signal: limit.signal,
        onValue: (rows) => rows.some(({ Service }) => Service.ID === id),
        onLost: (reason) => void (reason !== undefined && session.out.note(`trying again: ${reason}`)),
      });
    }
    limit.signal.throwIfAborted();
  } finally {
    limit.end();
  }
};

const register = async (session: Session, options: RegisterOptions, file: string | undefined): Promise<void> => {
  const bodies =
    file === undefined
      ? [registrationOf(options)]
      : registrationsIn(await readJsonOrYaml(file, session.surroundings.input));
  const names = bodies.map(namesOf);
  if (options.dryRun === true) {
    session.out.show(bodies, () => names.map(({ id, name }) => `Would register: ${name} (${id})\n`).join(''));
    return;
  }
  for (const body of bodies) await askAgent(session, '/v1/agent/service/register', body);
  session.out.show(
    names.map(({ id, name }) => ({ ID: id, Name: name })),
    (rows) => rows.map(({ ID, Name }) => `Registered: ${Name} (${ID})\n`).join(''),
  );
  if (options.wait === true) await waitInCatalog(session, names, options.waitLimit);
};

const portNumber = (text: string): number => {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It is a port, 0 to 65535.');
};

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

/** `banyan services register`. */
export const registerCommand = (surroundings: Surroundings): Command =>
  new Command('register')
    .description('register a service with the agent')
    .argument('[file]', 'its registration; - for standard input')
    .option('--name <service>', 'its name, instead of a file')
    .option('--id <id>', 'the name of this instance on its host (the name of the service)')
    .option('--address <host>', 'where it listens (the host)')
    .option('--port <port>', 'at which port', portNumber)
    .option('--tag <tag>', 'a tag; may be given several times', collect)
    .option('--meta <name=value>', 'what else to say of it; may be given several times', collect)
    .option('--sidecar', 'with a sidecar proxy of the usual settings')
    .option('--dry-run', 'register nothing')
    .option('--wait', 'wait until the catalog of the datacenter has it')
    .option('--wait-limit <duration>', 'how long at most', '30s')
    .addHelpText('after', REGISTER)
    .action(
      inSession<RegisterOptions, readonly [string | undefined]>(surroundings, (session, options, file) =>
        register(session, options, file),
      ),
    );

const idsOf = async (
  session: Session,
  given: string | undefined,
  id: string | undefined,
): Promise<readonly string[]> => {
  if ((given === undefined) === (id === undefined)) throw new BanyanError('CONFIG_INVALID', 'give one ID or file');
  const named = id ?? given ?? '';
  if (id !== undefined || !/\.(json|ya?ml)$/.test(named)) return [named];
  return registrationsIn(await readJsonOrYaml(named, session.surroundings.input)).map((body) => namesOf(body).id);
};

/** `banyan services deregister`. */
export const deregisterCommand = (surroundings: Surroundings): Command =>
  new Command('deregister')
    .description('take a service from the agent')
    .argument('[id-or-file]', 'ID of the instance, or the .json or .yaml it was registered with')
    .option('--id <id>', 'ID of the instance')
    .option('--dry-run', 'take nothing away')
    .addHelpText('after', DEREGISTER)
    .action(
      inSession<{ readonly id?: string; readonly dryRun?: boolean }, readonly [string | undefined]>(
        surroundings,
        async (session, options, given) => {
          const ids = await idsOf(session, given, options.id);
          const did = options.dryRun === true ? 'Would deregister' : 'Deregistered';
          if (options.dryRun !== true) {
            for (const each of ids) {
              await askAgent(session, `/v1/agent/service/deregister/${encodeURIComponent(each)}`);
            }
          }
          session.out.show(
            ids.map((ID) => ({ ID })),
            (rows) => rows.map(({ ID }) => `${did}: ${ID}\n`).join(''),
          );
        },
      ),
    );
