import { httpSettingsShape } from '@banyan/boot';
import { addressText, choice, duration, hostPort, path, required, secret, text, toggle } from '@banyan/settings';
import { z } from 'zod';
import { auditSettingsShape } from './audit-settings.js';

const advertised = (meaning: string) => z.string().max(300).optional().describe(meaning);

/** The settings that every server has, whatever its role. */
export const serverSettingsShape = {
  BANYAN_DATACENTER: required().describe('Name of this datacenter.'),
  BANYAN_NODE_NAME: text('server-1').describe('Name of this server in logs and leases.'),
  BANYAN_DATA_DIR: text('.banyan/server').describe(
    'Folder for the embedded database, generated keys and the published pin.',
  ),
  BANYAN_LOG_FORMAT: choice(['json', 'pretty'], 'json').describe('Form of log lines.'),
  BANYAN_LOG_LEVEL: choice(['debug', 'info', 'warn', 'error'], 'info').describe('Least severity that is logged.'),
  BANYAN_DATABASE_URL: secret().describe('PostgreSQL URL. Unset: an embedded PostgreSQL in the data folder.'),
  BANYAN_KEK_FILE: path().describe(
    'File with the key-encryption key, 32 bytes in base64 or hex. Unset: kek in the data folder; generated (0600) only with the embedded database.',
  ),
  BANYAN_KEK: secret().describe('The key-encryption key itself, instead of a file.'),
  BANYAN_HTTP_BIND: hostPort('127.0.0.1:8510').describe('Where the HTTP API listens.'),
  ...httpSettingsShape,
  BANYAN_UI_HOSTS: z
    .string()
    .max(4_096)
    .default('')
    .transform((names) => names.split(',').flatMap((name) => name.trim() || []))
    .describe(
      'Names under which browsers may open the dashboard, separated by commas, beside addresses, localhost, names without a dot and the host of BANYAN_HTTP_ADVERTISE.',
    ),
  BANYAN_LAN_BIND: hostPort('127.0.0.1:8300').describe(
    'Where gRPC for the agents of this datacenter listens (mutual TLS).',
  ),
  BANYAN_WAN_BIND: hostPort('127.0.0.1:8302').describe('Where gRPC for other datacenters listens (mutual TLS).'),
  BANYAN_HTTP_ADVERTISE: advertised(
    'host:port at which people and tools reach the HTTP API of this server. Unset: the HTTP bind.',
  ),
  BANYAN_LAN_ADVERTISE: advertised(
    'host:port at which agents reach this server, told to all of them. Unset: the LAN bind, unless that is every interface.',
  ),
  BANYAN_WAN_ADVERTISE: advertised('host:port at which other datacenters reach this one. Unset: the WAN bind.'),
  BANYAN_CANARY_OBJECTIVE: duration('10s', '1s').describe(
    'From a write in the primary to a decision by it in this datacenter: how long it may take.',
  ),
  BANYAN_DEFAULT_INTENTION_POLICY: choice(['allow', 'deny'], 'deny').describe('What holds where no intention matches.'),
  BANYAN_METRICS_CONSUL_NAMES: toggle(false).describe(
    'Whether /metrics also shows what Consul has a name for under that name, as consul_mesh_active_root_ca_expiry.',
  ),
  ...auditSettingsShape,
  BANYAN_LEDGER_RETENTION: duration('2160h', '1h').describe(
    'How long the issuance ledger keeps its entries. That of a leaf that has not ended is kept in any case.',
  ),
} as const;

/** The schema of them. */
export const serverSettings = z.object(serverSettingsShape);
/** After parsing, frozen. */
export type ServerSettings = Readonly<z.output<typeof serverSettings>>;

/** The address other datacenters are told. */
export const wanAdvertise = (settings: ServerSettings): string =>
  settings.BANYAN_WAN_ADVERTISE ?? addressText(settings.BANYAN_WAN_BIND);

/** The address agents are told. */
export const lanAdvertise = (settings: ServerSettings): string =>
  settings.BANYAN_LAN_ADVERTISE ?? addressText(settings.BANYAN_LAN_BIND);

/** Names under which browsers may ask this server. */
export const browserHosts = (settings: ServerSettings): readonly string[] => [
  ...settings.BANYAN_UI_HOSTS,
  httpAdvertise(settings).replace(/:\d+$/, ''),
  settings.BANYAN_HTTP_BIND.host,
];

/** Where the HTTP API of this server is, for people and tools. */
export const httpAdvertise = (settings: ServerSettings): string =>
  settings.BANYAN_HTTP_ADVERTISE ?? addressText(settings.BANYAN_HTTP_BIND);
