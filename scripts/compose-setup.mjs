// Tells the mesh of docker-compose.yml about its two demo services: registers web and api with their sidecars through
// the agents, and allows web to call api. Every call is idempotent: it runs at each `docker compose up`.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const TOKEN = readFileSync(process.env.BANYAN_HTTP_TOKEN_FILE ?? '/secrets/management.token', 'utf8').trim();
const LIMIT_MS = 60_000;
const REQUEST_LIMIT_MS = 5_000;
const PAUSE_MS = 500;

const SIDECAR_PORT = 21_000;
const sidecar = (address, proxy) => ({
  Port: SIDECAR_PORT,
  Address: address,
  Checks: [{ Name: 'sidecar listening', TCP: `${address}:${SIDECAR_PORT}`, Interval: '2s', Timeout: '1s' }],
  // The sidecar is alone in its container and is called from other hosts.
  Proxy: { Config: { bind_address: '0.0.0.0' }, ...proxy },
});

const web = {
  Name: 'web',
  Port: 8080,
  Address: 'web-proxy',
  Connect: {
    SidecarService: sidecar('web-proxy', {
      Upstreams: [{ DestinationName: 'api', Datacenter: 'dc2', LocalBindPort: 9191 }],
    }),
  },
};
const api = { Name: 'api', Port: 9090, Address: 'api-proxy', Connect: { SidecarService: sidecar('api-proxy', {}) } };
const allowed = { SourceType: 'consul', Action: 'allow', Description: 'web shows what api says' };

async function put(url, body) {
  const response = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'x-consul-token': TOKEN },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  const text = (await response.text()).trim();
  if (!response.ok) throw new Error(`it answered ${response.status}: ${text.slice(0, 300)}`);
}

/** Repeats a call until it succeeds: a datacenter that has just started may still wait for its replicas. */
async function eventually(what, url, body) {
  const giveUpAt = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      await put(url, body);
      console.log(`${what}: done`);
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw new Error(`${what}: PUT ${url}: ${error.message}`, { cause: error });
      console.log(`${what}: ${error.cause?.message ?? error.message}; again`);
      await pause(PAUSE_MS);
    }
  }
}

await eventually('register web in dc1', 'http://dc1-agent:8500/v1/agent/service/register', web);
await eventually('register api in dc2', 'http://dc2-agent:8500/v1/agent/service/register', api);
const intention = 'http://dc1-server:8510/v1/connect/intentions/exact?source=web&destination=api';
await eventually('allow web to call api', intention, allowed);
