import { anchorSettingsShape, httpSettingsShape } from '@banyan/boot';
import { choice, hostPort, hostPortList, path, required, secret, text, toggle } from '@banyan/settings';
import { parseGoDuration } from '@banyan/kernel';
import { z } from 'zod';

/** The settings of the agent process. */
export const agentSettings = z.object({
  BANYAN_DATACENTER: required().describe('Name of the datacenter this host is in.'),
  BANYAN_NODE_NAME: required().describe('Name of this host; the agent token is bound to it.'),
  BANYAN_DATA_DIR: text('.banyan/agent').describe('Folder for the identity (encrypted) and the registered services.'),
  BANYAN_LOG_FORMAT: choice(['json', 'pretty'], 'json').describe('Form of log lines.'),
  BANYAN_LOG_LEVEL: choice(['debug', 'info', 'warn', 'error'], 'info').describe('Least severity that is logged.'),
  BANYAN_HTTP_BIND: hostPort('127.0.0.1:8500').describe('Where the local HTTP API listens.'),
  ...httpSettingsShape,
  BANYAN_ADVERTISE_ADDRESS: text('127.0.0.1').describe('Address at which other hosts reach the services of this one.'),
  BANYAN_SERVER_LAN_ADDRESSES: hostPortList().describe(
    'host:port of the LAN gRPC of the servers, separated by commas.',
  ),
  BANYAN_AGENT_TOKEN: secret().describe(
    'Agent token bound to this node: to enrol, and for what the agent asks itself.',
  ),
  BANYAN_KEK_FILE: path().describe(
    'File with the key-encryption key. Unset: kek in the data folder, generated (0600).',
  ),
  BANYAN_KEK: secret().describe('The key-encryption key itself, instead of a file.'),
  ...anchorSettingsShape,
  BANYAN_METRICS_CONSUL_NAMES: toggle(false).describe(
    'Whether /metrics also shows what Consul has a name for under that name, as consul_agent_tls_cert_expiry.',
  ),
  BANYAN_REISSUE_SLOT: z
    .string()
    .max(32)
    .default('10s')
    .transform((value) => parseGoDuration(value))
    .describe(
      'After a change of root, leaves are renewed at a moment drawn within this time, until a server has said how long it takes.',
    ),
});
export type AgentProcessSettings = Readonly<z.output<typeof agentSettings>>;
