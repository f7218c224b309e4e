import { AgentHttpReports, AgentHttpSource, MetricsDoor, sidecarMetrics, SidecarProxy } from '@banyan/dataplane';
import { BanyanError, type Logger, SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { Command } from 'commander';
import { type Connection, connectionFrom, type ConnectionOptions } from '../connection.js';
import { consoleLogger } from '../console-logger.js';
import { findSidecar } from '../find-sidecar.js';
import { untilStopSignal } from '../stop-signal.js';

const EXAMPLES = `
The agent must know the sidecar: register the service with Connect.SidecarService first. The token needs service:write on
the service.

Examples:
  banyan connect proxy -sidecar-for web
  banyan connect proxy -sidecar-for web -http-addr 127.0.0.1:9500 -token-file web.token
  banyan connect proxy -sidecar-for web -metrics-bind 127.0.0.1:9464
`;

/** Nothing of a proxy that still waits for its agent keeps Node alive by itself. */
const KEEP_ALIVE_MS = 60_000;

const VERSION = '0.1.0';

interface ProxyPlan {
  readonly proxyId: string;
  /** host:port of `/metrics`; undefined: no metrics. */
  readonly metricsBind: string | undefined;
}

const openMetrics = async (proxy: SidecarProxy, { proxyId, metricsBind }: ProxyPlan): Promise<MetricsDoor> => {
  const door = new MetricsDoor(sidecarMetrics({ proxyId, version: VERSION, counters: () => proxy.counters() }));
  if (metricsBind === undefined) return door;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(metricsBind);
  if (match === null) throw new BanyanError('CONFIG_INVALID', `--metrics-bind is not host:port: ${metricsBind}`);
  await door.listen((match[1] ?? match[2])!, Number(match[3]));
  return door;
};

const runProxy = async (connection: Connection, plan: ProxyPlan, logger: Logger): Promise<void> => {
  const { proxyId } = plan;
  const stop = untilStopSignal();
  const edges = { timers: new SystemTimers(), random: new SystemRandom(), logger };
  const source = new AgentHttpSource({ ...connection, proxyId, ...edges });
  const reports = new AgentHttpReports({ ...connection, timers: edges.timers });
  const proxy = new SidecarProxy({ source, reports, clock: new SystemClock(), ...edges });
  const door = await openMetrics(proxy, plan);
  const heartbeat = setInterval(() => {}, KEEP_ALIVE_MS);
  proxy.start();
  void proxy.ready.then(() => logger.info('proxy ready', { proxy: proxyId }));
  await new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => resolve(), { once: true });
  });
  logger.info('proxy stopping; open connections may finish', { proxy: proxyId });
  await door.stop();
  await proxy.stop();
  source.close();
  reports.close();
  clearInterval(heartbeat);
  logger.info('proxy stopped', { proxy: proxyId, ...proxy.counters() });
};

/** `banyan connect proxy`: a sidecar in this process. */
const connectProxyCommand = (): Command =>
  new Command('proxy')
    .description('run the sidecar of a service: mutual TLS, identities and intentions for a workload that knows none')
    .requiredOption('--sidecar-for <service-id>', 'ID of the registered service this is the sidecar of')
    .option('--metrics-bind <host:port>', 'serve /metrics there; else BANYAN_METRICS_BIND, else no metrics')
    .addHelpText('after', EXAMPLES)
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<
        ConnectionOptions & { readonly sidecarFor: string; readonly metricsBind?: string }
      >();
      const connection = connectionFrom(options, process.env);
      const proxyId = await findSidecar(connection, options.sidecarFor);
      const metricsBind = options.metricsBind ?? (process.env['BANYAN_METRICS_BIND'] || undefined);
      await runProxy(connection, { proxyId, metricsBind }, consoleLogger(process.env));
    });

/** `banyan connect`. */
export const connectCommand = (): Command =>
  new Command('connect').description('work with the service mesh').addCommand(connectProxyCommand());
