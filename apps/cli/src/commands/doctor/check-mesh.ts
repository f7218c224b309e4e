import type { Session } from '../../session/session.js';
import { VERSION } from '../../version.js';
import type { WireFederation, WireOwnToken, WireServers } from '../../wire/federation-shapes.js';
import type { WireReplication, WireReplicationSummary } from '../../wire/replication-shapes.js';
import { fine, type Finding } from '../status/finding.js';
import { type Asked, type MeshAnswers, valueOf } from '../status/mesh-answers.js';
import { checkPort } from './check-connection.js';

const LOOPBACK = /^(?:127\.|localhost|\[?::1)/;

/** Which versions run, and where. */
export const checkVersions = ({ Datacenters }: WireFederation): readonly Finding[] => {
  const places = new Map<string, string[]>([[VERSION, ['this command line']]]);
  const add = (version: string, place: string): void => {
    places.set(version, [...(places.get(version) ?? []), place]);
  };
  for (const { Name, Servers, Agents } of Datacenters) {
    for (const server of Servers) add(server.Version, server.Name);
    for (const [version, count] of Object.entries(Agents.Versions)) add(version, `${count} agents of ${Name}`);
  }
  if (places.size === 1) return [fine('version', `all that is known runs ${VERSION}`)];
  const text = [...places].map(([version, where]) => `${version}: ${where.join(', ')}`).join('; ');
  return [{ area: 'version', grade: 'warning', text: `versions differ: ${text}`, next: 'upgrade the older ones' }];
};

/** Who the token makes us, and whether it reads what this command reads. */
export const checkToken = (
  token: Asked<WireOwnToken>,
  session: Session,
  isOnCommandLine: boolean,
): readonly Finding[] => {
  const exposed: readonly Finding[] = isOnCommandLine
    ? [
        {
          area: 'token',
          grade: 'warning',
          text: '--token stands in the list of processes of this machine',
          next: '--token-file, or BANYAN_HTTP_TOKEN_FILE',
        },
      ]
    : [];
  if ('error' in token) {
    const { message, code } = token.error;
    const isRefused = code === 'ACL_NOT_FOUND' || code === 'PERMISSION_DENIED';
    const text = `${message} [${code}]`;
    if (!isRefused) return [...exposed, { area: 'token', grade: 'skipped', text }];
    return [...exposed, { area: 'token', grade: 'failure', text, next: 'banyan token create makes one that is known' }];
  }
  if (!session.api.hasToken) {
    const next = '--token-file, or BANYAN_HTTP_TOKEN_FILE, with a token that has operator:read';
    return [...exposed, { area: 'token', grade: 'warning', text: 'none was given: little can be looked at', next }];
  }
  const { AccessorID, Description, Role } = token.value;
  return [
    ...exposed,
    fine('token', `${AccessorID} (${Description || 'no description'}), role ${Role?.kind ?? 'none'}`),
  ];
};

const tokenFindings = ({ Datacenter, Token }: WireReplicationSummary): readonly Finding[] => {
  if (Token === undefined) return [];
  const missing = Token.Scopes.filter(({ Allowed }) => !Allowed);
  if (missing.length > 0) {
    return missing.map(({ Scope, Reason }): Finding => ({
      area: 'token',
      grade: 'failure',
      text: `replication token of ${Datacenter} lacks ${Scope}: ${Reason}`,
      next: `banyan federation invite ${Datacenter} --again`,
    }));
  }
  if (!Token.IsWiderThanNeeded) return [fine('token', `replication token of ${Datacenter} has exactly its scopes`)];
  return [
    {
      area: 'token',
      grade: 'warning',
      text: `replication token of ${Datacenter} may do more than it needs`,
      next: `banyan federation invite ${Datacenter} --again makes one that may not`,
    },
  ];
};

/** The tokens by which secondaries follow their primary. */
export const checkReplicationTokens = (replication: WireReplication): readonly Finding[] =>
  [replication, ...(replication.Secondaries ?? []).flatMap(({ Replication }) => Replication ?? [])].flatMap(
    tokenFindings,
  );

/**
 * Whether the ports that agents and datacenters need take connections: LAN of the servers here, WAN of all. Addresses of the
 * servers' own machines mean nothing elsewhere, and are left out then.
 */
export const checkPorts = async (answers: MeshAnswers, address: string): Promise<readonly Finding[]> => {
  const isLocal = /^unix:|\/\/(?:127\.|localhost|\[::1\])/.test(address);
  const servers: WireServers['Servers'] = valueOf(answers.servers)?.Servers ?? [];
  const datacenters = valueOf(answers.federation)?.Datacenters ?? [];
  const wanted: readonly (readonly [address: string, name: string])[] = [
    ...servers.map(({ Name, LANAddress }) => [LANAddress, `LAN of ${Name}`] as const),
    ...datacenters.flatMap(({ Name, WANAddresses }) => WANAddresses.map((each) => [each, `WAN of ${Name}`] as const)),
  ];
  return Promise.all(
    wanted
      .filter(([each]) => each.includes(':') && (isLocal || !LOOPBACK.test(each)))
      .map(([each, name]) => checkPort(each, name)),
  );
};
