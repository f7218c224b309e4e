import { relative } from 'node:path';
import pc from 'picocolors';
import type { DataFolder } from './data-folder.js';
import type { DevSecrets } from './secrets.js';
import type { DevSettings } from './settings.js';
import type { Topology } from './topology.js';

export interface FarewellParts {
  readonly settings: DevSettings;
  readonly folder: DataFolder;
  readonly secrets: DevSecrets;
  readonly topology: Topology;
  readonly cwd: string;
}

/** What stands on the screen once everything runs: addresses, and three commands to try. */
export const whatToTryNext = ({ settings, folder, secrets, topology, cwd }: FarewellParts): string => {
  const shown = (path: string): string => {
    const nearby = relative(cwd, path);
    return nearby === '' || nearby.startsWith('..') ? path : `./${nearby}`;
  };
  const web = `http://127.0.0.1:${settings.ports.web.port}`;
  const dc1 = `http://${topology.dc1Agent.httpAddress}`;
  const dc2 = `http://${topology.dc2Agent.httpAddress}`;
  const auth = '-H "X-Consul-Token: $BANYAN_HTTP_TOKEN"';
  const exact = '/v1/connect/intentions/exact?source=web&destination=api';
  return `
${pc.green('✓')} ${pc.bold('Two datacenters are running.')} Ctrl-C stops everything; --fresh starts over next time.

  web              ${web}
  dc1 (primary)    agent ${dc1}   server http://${topology.dc1Server.httpAddress}
  dc2 (secondary)  agent ${dc2}   server http://${topology.dc2Server.httpAddress}
  logs             ${shown(folder.logs)}
  your token       set -a; . ${shown(secrets.environmentFile)}; set +a

${pc.bold('Three things to try')} (load the token first):

  1. the call through the mesh
     curl ${web}/
  2. deny it in the other datacenter, then repeat 1.
     curl -X PUT ${auth} -d '{"SourceType":"consul","Action":"deny"}' '${dc2}${exact}'
  3. the trusted roots as dc2 sees them
     curl '${dc2}/v1/agent/connect/ca/roots?pretty'
`;
};
