import { AgentHttpClient } from '@banyan/dataplane';
import { BanyanError, SystemTimers } from '@banyan/kernel';
import { z } from 'zod';
import type { Connection } from './connection.js';

const ANSWER_LIMIT_MS = 10_000;

const servicesShape = z.record(
  z.string(),
  z.object({
    Kind: z.string().optional(),
    ID: z.string(),
    Proxy: z.object({ DestinationServiceID: z.string().optional() }).nullish(),
  }),
);

const askServices = async (connection: Connection): Promise<z.infer<typeof servicesShape>> => {
  const client = new AgentHttpClient({ ...connection, timers: new SystemTimers() });
  try {
    const answer = await client.ask({ method: 'GET', path: '/v1/agent/services', limitMs: ANSWER_LIMIT_MS });
    if (answer.status === 403) {
      throw new BanyanError(
        'PERMISSION_DENIED',
        `the agent refused the token: ${answer.body.trim()}. Give one with -token, -token-file or BANYAN_HTTP_TOKEN.`,
      );
    }
    if (answer.status !== 200) {
      throw new BanyanError(
        'SERVER_UNREACHABLE',
        `the agent answered ${answer.status}: ${answer.body.slice(0, 300).trim()}`,
      );
    }
    return servicesShape.parse(JSON.parse(answer.body));
  } catch (error) {
    if (!(error instanceof BanyanError) || error.code !== 'SERVER_UNREACHABLE') throw error;
    const next = 'Is it running there? Set -http-addr or BANYAN_HTTP_ADDR to reach another.';
    throw new BanyanError('SERVER_UNREACHABLE', `${error.message}. ${next}`, { cause: error });
  } finally {
    client.close();
  }
};

/**
 * The ID of the one proxy that is registered with the agent as the sidecar of `serviceId` (letter case is ignored, as
 * Consul does). Throws `SERVICE_NOT_FOUND` when there is none, `SERVICE_INVALID` when there are several.
 */
export const findSidecar = async (connection: Connection, serviceId: string): Promise<string> => {
  const wanted = serviceId.toLowerCase();
  const sidecars = Object.values(await askServices(connection)).filter(
    ({ Kind, Proxy }) => Kind === 'connect-proxy' && Proxy?.DestinationServiceID?.toLowerCase() === wanted,
  );
  const [sidecar, ...others] = sidecars;
  if (sidecar === undefined) {
    throw new BanyanError(
      'SERVICE_NOT_FOUND',
      `no sidecar is registered for "${serviceId}" on the agent at ${connection.address}. ` +
        'Register the service with "Connect": {"SidecarService": {}}, or use a token that may read it.',
    );
  }
  if (others.length > 0) {
    const ids = sidecars.map(({ ID }) => ID).join(', ');
    throw new BanyanError('SERVICE_INVALID', `${sidecars.length} sidecars are registered for "${serviceId}": ${ids}.`);
  }
  return sidecar.ID;
};
