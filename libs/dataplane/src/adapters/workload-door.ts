import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Logger, messageOf, type Timers } from '@banyan/kernel';
import type { ServicePeer } from '../domain/peer-identity.js';
import { splice } from './splice.js';
import { timeLimit } from './time-limit.js';

const LOCAL_CONNECT_LIMIT_MS = 5_000;

/** Where the workload listens; read for each connection, so that a change needs no restart. */
export interface LocalService {
  readonly address: string;
  readonly port: number;
}

/** What {@link joinWorkload} needs. */
export interface WorkloadDoorOptions {
  readonly local: () => LocalService;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** Joins an allowed connection to a plain one to the workload. */
export const joinWorkload = (socket: TLSSocket, peer: ServicePeer, options: WorkloadDoorOptions): void => {
  const { address, port } = options.local();
  const limit = timeLimit(options.timers, LOCAL_CONNECT_LIMIT_MS, `connecting to ${address}:${port}`);
  const local = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
  const fail = (error: unknown): void => {
    limit.end();
    local.destroy();
    socket.destroy();
    const fields = { source: peer.uri, local: `${address}:${port}`, reason: messageOf(error) };
    options.logger.warn('workload unreachable', fields);
  };
  limit.signal.addEventListener('abort', () => fail(limit.signal.reason), { once: true });
  local.once('error', fail);
  socket.once('close', () => local.connecting && local.destroy());
  local.once('close', () => limit.end());
  local.once('connect', () => {
    limit.end();
    local.off('error', fail);
    splice(socket, local);
  });
};
