import { resolve } from 'node:path';
import { BanyanError } from '@banyan/kernel';
import type { Environment } from '../connection.js';

/**
 * Every port the two datacenters use, all on 127.0.0.1: what it is for, the setting that moves it, and its default.
 * BANYAN_DEV_PORT_OFFSET is added to the defaults; a port that is set is taken as it is.
 */
const PORTS = {
  dc1AgentHttp: ['dc1 agent HTTP', 'BANYAN_DEV_DC1_AGENT_HTTP_PORT', 8500],
  dc1ServerHttp: ['dc1 server HTTP', 'BANYAN_DEV_DC1_SERVER_HTTP_PORT', 8510],
  dc1Lan: ['dc1 server LAN gRPC', 'BANYAN_DEV_DC1_LAN_PORT', 8300],
  dc1Wan: ['dc1 server WAN gRPC', 'BANYAN_DEV_DC1_WAN_PORT', 8302],
  dc2AgentHttp: ['dc2 agent HTTP', 'BANYAN_DEV_DC2_AGENT_HTTP_PORT', 9500],
  dc2ServerHttp: ['dc2 server HTTP', 'BANYAN_DEV_DC2_SERVER_HTTP_PORT', 9510],
  dc2Lan: ['dc2 server LAN gRPC', 'BANYAN_DEV_DC2_LAN_PORT', 9300],
  dc2Wan: ['dc2 server WAN gRPC', 'BANYAN_DEV_DC2_WAN_PORT', 9302],
  web: ['demo service web', 'BANYAN_DEV_WEB_PORT', 8080],
  api: ['demo service api', 'BANYAN_DEV_API_PORT', 9090],
  webUpstream: ["web's local address of api", 'BANYAN_DEV_WEB_UPSTREAM_PORT', 9191],
  webSidecar: ['sidecar of web', 'BANYAN_DEV_WEB_SIDECAR_PORT', 21_000],
  apiSidecar: ['sidecar of api', 'BANYAN_DEV_API_SIDECAR_PORT', 21_001],
} as const satisfies Record<string, readonly [purpose: string, setting: string, port: number]>;

export type PortName = keyof typeof PORTS;

export interface PortUse {
  readonly port: number;
  readonly purpose: string;
  /** The environment setting that moves it. */
  readonly setting: string;
}

export interface DevSettings {
  /** Absolute path of the data folder. */
  readonly folder: string;
  readonly ports: Readonly<Record<PortName, PortUse>>;
}

const DEFAULT_FOLDER = '.banyan';
const HIGHEST_PORT = 65_535;

const wholeNumber = (env: Environment, setting: string, range: readonly [number, number]): number | undefined => {
  const text = env[setting];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value >= range[0] && value <= range[1]) return value;
  throw new BanyanError('CONFIG_INVALID', `${setting} must be a whole number from ${range[0]} to ${range[1]}`);
};

const refuseSharedPorts = (uses: readonly PortUse[]): void => {
  const byPort = new Map<number, PortUse>();
  for (const use of uses) {
    const other = byPort.get(use.port);
    if (other !== undefined) {
      throw new BanyanError('CONFIG_INVALID', `${other.setting} and ${use.setting} are both port ${use.port}`);
    }
    byPort.set(use.port, use);
  }
};

/** Reads BANYAN_DATA_DIR, BANYAN_DEV_PORT_OFFSET and BANYAN_DEV_…_PORT. Throws `CONFIG_INVALID` naming the setting. */
export const parseDevSettings = (env: Environment, cwd: string): DevSettings => {
  const highestDefault = Math.max(...Object.values(PORTS).map(([, , port]) => port));
  const offset = wholeNumber(env, 'BANYAN_DEV_PORT_OFFSET', [0, HIGHEST_PORT - highestDefault]) ?? 0;
  const entries = Object.entries(PORTS).map(([name, [purpose, setting, port]]) => {
    const use: PortUse = { port: wholeNumber(env, setting, [1, HIGHEST_PORT]) ?? port + offset, purpose, setting };
    return [name, use] as const;
  });
  refuseSharedPorts(entries.map(([, use]) => use));
  return {
    folder: resolve(cwd, env['BANYAN_DATA_DIR'] || DEFAULT_FOLDER),
    ports: Object.fromEntries(entries) as Record<PortName, PortUse>,
  };
};
