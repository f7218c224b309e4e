// The four dashboards, as files.
import { agentsAndAuthorization } from './agents-and-authorization.mjs';
import { caAndRotation } from './ca-and-rotation.mjs';
import { federationAndReplication } from './federation-and-replication.mjs';
import { dashboardText } from './panel.mjs';
import { servers } from './servers.mjs';

/** One entry per file below deploy/grafana/dashboards. */
export const DASHBOARDS = [caAndRotation, federationAndReplication, agentsAndAuthorization, servers].map(
  (dashboard) => ({
    path: `deploy/grafana/dashboards/${dashboard.uid}.json`,
    text: () => dashboardText(dashboard),
  }),
);
