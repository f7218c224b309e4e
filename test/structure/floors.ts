import { posix } from 'node:path';
import { importsOf } from './code-text.js';
import { isTestCode, type SourceFile } from './source-files.js';

/** The rooms and their floors: an import goes from a higher floor to a lower one. A new room is entered here first. */
export const FLOORS: Readonly<Record<string, number>> = {
  kernel: 0,
  identity: 1,
  pki: 1,
  settings: 1,
  store: 2,
  watch: 2,
  telemetry: 2,
  acl: 3,
  ca: 3,
  intentions: 3,
  catalog: 3,
  federation: 3,
  boot: 3,
  adoption: 3,
  'http-kit': 4,
  replication: 4,
  'agent-cache': 4,
  dataplane: 4,
  ledger: 4,
  audit: 4,
  rotation: 4,
  'ca-providers': 4,
  xds: 4,
  rpc: 5,
  'http-api': 5,
  'agent-api': 5,
  server: 6,
  'host-agent': 6,
};

/** The room of test doubles: it may import every room, and only test code imports it. */
export const TEST_ROOM = 'testkit';

/** The app that runs in a browser: it talks HTTP, and has nothing of a server in it. */
const PAGE = 'dashboard';

/** An import between two rooms of one floor that is allowed, and why there is no better way. */
export interface Exemption {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** Allowed imports on one floor; keep it empty or argue here. */
export const EXEMPTIONS: readonly Exemption[] = [];

const DOMAIN_FORBIDDEN = [
  /^@nestjs\//,
  /^@grpc\//,
  /^(typeorm|pg|fastify|pino|prom-client|commander)(\/|$)/,
  /^(node:)?(net|tls|http|https|http2|dgram|dns|fs|child_process|cluster|worker_threads|timers)(\/|$)/,
];

/** Where a path stands: in a room, in an app, or elsewhere (tests across processes, scripts). */
function placeOf(path: string): { readonly kind: 'lib' | 'app' | 'other'; readonly name: string } {
  const [top, name] = path.split('/');
  if (top === 'libs' && name) return { kind: 'lib', name };
  if (top === 'apps' && name) return { kind: 'app', name };
  return { kind: 'other', name: top ?? '' };
}

function roomImportFault(file: SourceFile, room: string, exemptions: readonly Exemption[]): string | undefined {
  const from = placeOf(file.path);
  if (from.kind === 'app' && from.name === PAGE) return 'the dashboard runs in a browser and imports no room';
  if (room === TEST_ROOM) {
    const allowed = isTestCode(file.path) || from.name === TEST_ROOM;
    return allowed ? undefined : 'only test code imports testkit';
  }
  const target = FLOORS[room];
  if (target === undefined) return `no room is called ${room}: enter it in the table of floors`;
  if (from.kind !== 'lib' || from.name === TEST_ROOM) return undefined;
  // A spec may test its own room through the public file, as the other rooms see it.
  if (from.name === room) return isTestCode(file.path) ? undefined : 'a room imports its own files by relative paths';
  const own = FLOORS[from.name];
  if (own === undefined) return `${from.name} is not in the table of floors`;
  if (target < own) return undefined;
  if (target > own) return `floor ${own} imports floor ${target}: imports go downwards only`;
  const exempt = exemptions.some((pair) => pair.from === from.name && pair.to === room);
  return exempt ? undefined : `${from.name} and ${room} stand on one floor and must not know each other`;
}

function relativeImportFault(file: SourceFile, specifier: string): string | undefined {
  const from = placeOf(file.path);
  const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
  const to = placeOf(target);
  if (to.kind === 'app' && !(from.kind === 'app' && from.name === to.name)) return 'nobody imports an app';
  // What a room tests with may serve the tests across processes, too.
  if (from.kind === 'other' && /^libs\/[^/]+\/test\//.test(target)) return undefined;
  if (to.kind === 'lib' && !(from.kind === 'lib' && from.name === to.name)) {
    return 'another room is imported as @banyan/<room>, never by a path';
  }
  if (from.kind !== 'other' && to.kind === 'other') return 'a relative import stays inside its room';
  if (isTestCode(file.path)) return undefined;
  if (isTestCode(target.replace(/\.js$/, '.ts'))) return 'production code imports test code';
  const layer = /^libs\/[^/]+\/src\/(domain|ports)\//.exec(file.path)?.[1];
  return layer !== undefined && target.includes('/src/adapters/') ? `${layer}/ imports ${target}` : undefined;
}

function specifierFault(file: SourceFile, specifier: string, exemptions: readonly Exemption[]): string | undefined {
  if (specifier.startsWith('.')) return relativeImportFault(file, specifier);
  const room = /^@banyan\/(.+)$/.exec(specifier)?.[1];
  if (room !== undefined) {
    return room.includes('/')
      ? 'a room is imported by its index only: @banyan/<room>'
      : roomImportFault(file, room, exemptions);
  }
  const inDomain = /^libs\/[^/]+\/src\/domain\//.test(file.path) && !isTestCode(file.path);
  return inDomain && DOMAIN_FORBIDDEN.some((pattern) => pattern.test(specifier)) ? 'domain/ is pure' : undefined;
}

/** What each file's imports break, one line per fault: `path: specifier: rule`. Empty when all is well. */
export function importFaults(files: readonly SourceFile[], exemptions: readonly Exemption[] = EXEMPTIONS): string[] {
  return files.flatMap((file) =>
    importsOf(file.text).flatMap((specifier) => {
      const fault = specifierFault(file, specifier, exemptions);
      return fault === undefined ? [] : [`${file.path}: ${specifier}: ${fault}`];
    }),
  );
}
