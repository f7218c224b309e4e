import { join } from 'node:path';
import type { DataFolder } from './data-folder.js';
import type { DevSecrets, TokenName } from './secrets.js';
import type { PortName, DevSettings } from './settings.js';

/** One process to run: a compiled entry, its arguments and the settings it gets. */
export interface ProcessPlan {
  readonly name: string;
  /** Path of the compiled entry, relative to dist. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A server or agent, which says on /readyz whether it is ready. */
export interface ServedPlan extends ProcessPlan {
  readonly httpAddress: string;
}

export interface Topology {
  readonly dc1Server: ServedPlan;
  readonly dc1Agent: ServedPlan;
  readonly dc2Server: ServedPlan;
  readonly dc2Agent: ServedPlan;
  readonly web: ProcessPlan;
  readonly api: ProcessPlan;
  readonly webProxy: ProcessPlan;
  readonly apiProxy: ProcessPlan;
  /** Written by the primary once its root exists; everyone else pins it. */
  readonly rootFingerprintFile: string;
}

export interface TopologyParts {
  readonly settings: DevSettings;
  readonly folder: DataFolder;
  readonly secrets: DevSecrets;
}

type Datacenter = 'dc1' | 'dc2';

const CLI_ENTRY = 'apps/cli/src/main.js';
const DEMO_ENTRY = 'apps/demo/src/main.js';

class TopologyPlan {
  readonly rootFingerprintFile: string;

  constructor(private readonly parts: TopologyParts) {
    this.rootFingerprintFile = join(this.folderOf('dc1-server-1'), 'root.fingerprint');
  }

  address(port: PortName): string {
    return `127.0.0.1:${this.parts.settings.ports[port].port}`;
  }

  server(datacenter: Datacenter, entry: string, more: Record<string, string>): ServedPlan {
    const name = `${datacenter}-server-1`;
    const own = {
      ...this.shared(datacenter, name),
      BANYAN_HTTP_BIND: this.address(`${datacenter}ServerHttp`),
      BANYAN_LAN_BIND: this.address(`${datacenter}Lan`),
      BANYAN_WAN_BIND: this.address(`${datacenter}Wan`),
      BANYAN_WAN_ADVERTISE: this.address(`${datacenter}Wan`),
    };
    return { name, entry, args: [], env: { ...own, ...more }, httpAddress: own.BANYAN_HTTP_BIND };
  }

  agent(datacenter: Datacenter): ServedPlan {
    const name = `${datacenter}-agent-1`;
    const env = {
      ...this.shared(datacenter, name),
      BANYAN_HTTP_BIND: this.address(`${datacenter}AgentHttp`),
      BANYAN_SERVER_LAN_ADDRESSES: this.address(`${datacenter}Lan`),
      BANYAN_AGENT_TOKEN_FILE: this.parts.secrets.tokenFile(`agent-${datacenter}`),
      BANYAN_ROOT_FINGERPRINT_FILE: this.rootFingerprintFile,
    };
    return { name, entry: 'apps/agent/src/main.js', args: [], env, httpAddress: env.BANYAN_HTTP_BIND };
  }

  demo(name: 'web' | 'api', datacenter: Datacenter, more: readonly string[]): ProcessPlan {
    const args = ['--name', name, '--listen', this.address(name), '--datacenter', datacenter, ...more];
    return { name, entry: DEMO_ENTRY, args, env: {} };
  }

  proxy(service: 'web' | 'api', datacenter: Datacenter): ProcessPlan {
    const token: TokenName = `service-${service}`;
    return {
      name: `${service}-sidecar-proxy`,
      entry: CLI_ENTRY,
      args: ['connect', 'proxy', '-sidecar-for', service],
      env: {
        BANYAN_HTTP_ADDR: this.address(`${datacenter}AgentHttp`),
        BANYAN_HTTP_TOKEN_FILE: this.parts.secrets.tokenFile(token),
        BANYAN_LOG_FORMAT: 'json',
      },
    };
  }

  private folderOf(name: string): string {
    return join(this.parts.folder.path, name);
  }

  private shared(datacenter: Datacenter, name: string): Record<string, string> {
    return {
      BANYAN_DATACENTER: datacenter,
      BANYAN_NODE_NAME: name,
      BANYAN_DATA_DIR: this.folderOf(name),
      BANYAN_LOG_FORMAT: 'json',
      BANYAN_KEK_FILE: this.parts.secrets.keyEncryptionFile(name),
    };
  }
}

/** Who runs where: dc1 is the primary, dc2 a secondary that knows only the primary's WAN address, a token and a pin. */
export const planTopology = (parts: TopologyParts): Topology => {
  const plan = new TopologyPlan(parts);
  const { secrets } = parts;
  return {
    dc1Server: plan.server('dc1', 'apps/primary-server/src/main.js', {
      BANYAN_INITIAL_TOKENS_FILE: secrets.initialTokensFile,
      BANYAN_DEFAULT_INTENTION_POLICY: 'deny',
    }),
    dc1Agent: plan.agent('dc1'),
    dc2Server: plan.server('dc2', 'apps/secondary-server/src/main.js', {
      BANYAN_DEFAULT_INTENTION_POLICY: 'deny',
      BANYAN_PRIMARY_DATACENTER: 'dc1',
      BANYAN_PRIMARY_WAN_ADDRESS: plan.address('dc1Wan'),
      BANYAN_REPLICATION_TOKEN_FILE: secrets.tokenFile('replication-dc2'),
      BANYAN_ROOT_FINGERPRINT_FILE: plan.rootFingerprintFile,
    }),
    dc2Agent: plan.agent('dc2'),
    web: plan.demo('web', 'dc1', ['--upstream', `http://${plan.address('webUpstream')}`]),
    api: plan.demo('api', 'dc2', []),
    webProxy: plan.proxy('web', 'dc1'),
    apiProxy: plan.proxy('api', 'dc2'),
    rootFingerprintFile: plan.rootFingerprintFile,
  };
};
