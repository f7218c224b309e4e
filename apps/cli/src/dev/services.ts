import type { DevSettings } from './settings.js';

/** Checks run often, so that a change shows at once on a laptop. */
const CHECK_EVERY = '1s';

const sidecarCheck = (port: number): object => ({
  Name: 'Connect Sidecar Listening',
  TCP: `127.0.0.1:${port}`,
  Interval: CHECK_EVERY,
  Timeout: '1s',
});

const serviceCheck = (port: number): object => ({
  HTTP: `http://127.0.0.1:${port}/healthz`,
  Interval: CHECK_EVERY,
  Timeout: '1s',
});

/** Body of PUT /v1/agent/service/register for web, whose sidecar reaches api in the other datacenter. */
export const webRegistration = ({ ports }: DevSettings): object => ({
  Name: 'web',
  Address: '127.0.0.1',
  Port: ports.web.port,
  Check: serviceCheck(ports.web.port),
  Connect: {
    SidecarService: {
      Port: ports.webSidecar.port,
      Checks: [sidecarCheck(ports.webSidecar.port)],
      Proxy: {
        Upstreams: [{ DestinationName: 'api', Datacenter: 'dc2', LocalBindPort: ports.webUpstream.port }],
      },
    },
  },
});

/** Body of PUT /v1/agent/service/register for api. */
export const apiRegistration = ({ ports }: DevSettings): object => ({
  Name: 'api',
  Address: '127.0.0.1',
  Port: ports.api.port,
  Check: serviceCheck(ports.api.port),
  Connect: {
    SidecarService: { Port: ports.apiSidecar.port, Checks: [sidecarCheck(ports.apiSidecar.port)] },
  },
});
