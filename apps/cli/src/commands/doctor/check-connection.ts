import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isBanyanError, messageOf, parsedJson, SKEW_LIMIT_MS, skewOf } from '@banyan/kernel';
import { anything } from '../../api/api-client.js';
import type { Session } from '../../session/session.js';
import type { Connection } from '../../connection.js';
import { nextStepOf } from '../../session/next-step.js';
import { readyShape } from '../../wire/federation-shapes.js';
import { fine, type Finding } from '../status/finding.js';
import { certificateFinding } from './check-files.js';

const CONNECT_LIMIT_MS = 3_000;
/** The head of an answer tells the time to the second, and the way takes some. */
const NOTABLE_SKEW_MS = 3_000;

/** That somebody answers, how fast, and how this machine's clock stands to theirs. */
export const checkConnection = async ({ api, surroundings }: Session): Promise<readonly Finding[]> => {
  const { clock } = surroundings;
  const sentAt = clock.now();
  try {
    const { serverTime } = await api.ask({ path: '/v1/connect/ca/roots', shape: anything });
    const tookMs = clock.now() - sentAt;
    const reached = fine('connection', `${api.address} answered in ${tookMs} ms`);
    if (serverTime === undefined) return [reached];
    // The head's time is cut to the second: half of one is added, and half of the way.
    const offsetMs = sentAt + tookMs / 2 - (serverTime + 500);
    return [reached, clockFinding(offsetMs)];
  } catch (error) {
    if (!isBanyanError(error)) throw error;
    const next = nextStepOf(error);
    const text = `${error.message} [${error.code}]`;
    return [
      { area: 'connection', grade: 'failure', text, ...(next !== undefined && { next }) },
      { area: 'clock', grade: 'skipped', text: 'there is no server to compare with' },
    ];
  }
};

const clockFinding = (offsetMs: number): Finding => {
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  const skew = skewOf(offsetMs);
  if (skew !== undefined) {
    return {
      area: 'clock',
      grade: 'failure',
      text: `this machine is ${skew} the server; more than ${SKEW_LIMIT_MS / 1_000} s break certificates`,
      next: 'run NTP on both',
    };
  }
  if (Math.abs(offsetMs) <= NOTABLE_SKEW_MS) return fine('clock', 'this machine and the server agree to 3 s');
  const text = `this machine and the server differ by ${seconds} s`;
  return { area: 'clock', grade: 'warning', text, next: 'run NTP on both' };
};

/** What the asked process itself waits for. */
export const checkHealth = async ({ api }: Session): Promise<readonly Finding[]> => {
  try {
    const { status, text } = await api.probe('/readyz');
    const ready = readyShape.safeParse(parsedJson(text));
    if (!ready.success) {
      return [{ area: 'health', grade: 'failure', text: `/readyz answered ${status}: ${text.slice(0, 200)}` }];
    }
    return ready.data.dependencies.map(({ name, ok, reason }): Finding =>
      ok
        ? fine('health', `${name} is there`)
        : { area: 'health', grade: 'failure', text: `${name}: ${reason}`, next: 'the log of that process says more' },
    );
  } catch (error) {
    return [{ area: 'health', grade: 'skipped', text: messageOf(error) }];
  }
};

/** The certificate of an https address, without judging its issuer: that the connection does. */
export const checkHttpsCertificate = async ({ address, tls }: Connection, now: number): Promise<readonly Finding[]> => {
  if (!address.startsWith('https://')) return [];
  const url = new URL(address);
  const socket = connectTls({ host: url.hostname, port: Number(url.port || 443), ...tls, rejectUnauthorized: false });
  try {
    await settledSocket(socket, 'secureConnect');
    const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
    return [certificateFinding(`certificate of ${address}`, { from, to }, now)];
  } catch (error) {
    return [{ area: 'certificates', grade: 'skipped', text: `${address}: ${messageOf(error)}` }];
  } finally {
    socket.destroy();
  }
};

const settledSocket = (socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.setTimeout(CONNECT_LIMIT_MS, () => reject(new Error(`no answer within ${CONNECT_LIMIT_MS / 1_000} s`)));
    socket.once(event, () => resolve());
    socket.once('error', reject);
  });

/** That `host:port` takes connections from this machine. */
export const checkPort = async (address: string, name: string): Promise<Finding> => {
  const at = address.lastIndexOf(':');
  const socket = connectTcp({
    host: address.slice(0, at).replace(/^\[|\]$/g, ''),
    port: Number(address.slice(at + 1)),
  });
  try {
    await settledSocket(socket, 'connect');
    return fine('ports', `${name} ${address} takes connections`);
  } catch (error) {
    const text = `${name} ${address} takes no connection from this machine: ${messageOf(error)}`;
    return { area: 'ports', grade: 'warning', text, next: 'is it meant to be reached from here? look at firewalls' };
  } finally {
    socket.destroy();
  }
};
