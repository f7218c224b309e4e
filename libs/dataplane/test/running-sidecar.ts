import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { type Endpoint, type ProbePace, type ReportSink, SidecarProxy, type TrustMaterial } from '@banyan/dataplane';
import { SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { FakeMeshSource, RecordingLogger, type TestAuthority } from '@banyan/testkit';

export const TRUST_DOMAIN = '11111111-2222-4333-8444-555555555555.consul';
export const uriOf = (service: string, datacenter: string): string =>
  `spiffe://${TRUST_DOMAIN}/ns/default/dc/${datacenter}/svc/${service}`;

/** Polls a condition that another process or the event loop brings about; fails after ten seconds. */
export const eventually = async (what: string, condition: () => boolean): Promise<void> => {
  const timers = new SystemTimers();
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (condition()) return;
    await timers.sleep(10);
  }
  throw new Error(`did not happen: ${what}`);
};

/** A TCP server that counts its connections. */
export class Workload {
  connections = 0;
  readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(serve: (socket: Socket) => void = (socket) => socket.pipe(socket)): Promise<Workload> {
    const server = createServer({ allowHalfOpen: true });
    const workload = new Workload(server);
    server.on('connection', (socket: Socket) => {
      workload.connections += 1;
      workload.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => workload.sockets.delete(socket));
      serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return workload;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

export interface RunningSidecar {
  readonly proxy: SidecarProxy;
  readonly source: FakeMeshSource;
  readonly logger: RecordingLogger;
}

export interface SidecarSetup {
  readonly service: string;
  readonly datacenter: string;
  readonly localPort?: number;
  readonly upstream?: { readonly destination: string; readonly datacenter: string };
  readonly drainMs?: number;
  /** Without it, the root of the authority alone. */
  readonly trust?: TrustMaterial;
  readonly reports?: ReportSink;
  readonly probePace?: ProbePace;
}

/** A sidecar on ports of the system's choice, with a leaf and the root of `authority`. */
export const startSidecar = async (authority: TestAuthority, setup: SidecarSetup): Promise<RunningSidecar> => {
  const source = new FakeMeshSource();
  const logger = new RecordingLogger();
  const edges = { clock: new SystemClock(), timers: new SystemTimers(), random: new SystemRandom(), logger };
  const { reports, probePace, drainMs = 50 } = setup;
  const proxy = new SidecarProxy({
    source,
    ...edges,
    drainMs,
    ...(reports && { reports }),
    ...(probePace && { probePace }),
  });
  source.sidecar.publish({
    proxyId: `${setup.service}-sidecar-proxy`,
    service: setup.service,
    datacenter: setup.datacenter,
    bindAddress: '127.0.0.1',
    bindPort: 0,
    localAddress: '127.0.0.1',
    localPort: setup.localPort ?? 1,
    upstreams: setup.upstream === undefined ? [] : [{ ...setup.upstream, bindAddress: '127.0.0.1', bindPort: 0 }],
  });
  source.trust.publish(setup.trust ?? { trustDomain: TRUST_DOMAIN, rootPems: [authority.root.pem] });
  source.leaf.publish(await authority.serviceLeaf(setup.service, setup.datacenter));
  source.intentions.publish();
  proxy.start();
  await proxy.ready;
  return { proxy, source, logger };
};

export const endpointOf = (sidecar: RunningSidecar, datacenter: string): Endpoint => ({
  address: '127.0.0.1',
  port: sidecar.proxy.ports().inbound ?? 0,
  datacenter,
});

/** Resolves when the socket is closed, whether by an error or not. */
export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });

/** A plain connection to an upstream's local port, as the workload makes it. */
export const dial = (sidecar: RunningSidecar, upstream: string): Socket => {
  const socket = connect({
    port: sidecar.proxy.ports().upstreams[upstream] ?? 0,
    host: '127.0.0.1',
  });
  socket.on('error', () => socket.destroy());
  return socket;
};

/** Sends a text and gives what came back; an empty text means that the connection was refused. */
export const ask = async (sidecar: RunningSidecar, upstream: string, text = 'ping'): Promise<string> => {
  const socket = dial(sidecar, upstream);
  socket.end(text);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  await closed(socket);
  return answer;
};
