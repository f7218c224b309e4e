import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** A plain connection is reset, so that what it carried is not taken for complete; Node cannot reset under TLS. */
const abandon = (socket: Socket): void => {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
};

const join = (from: Socket, to: Socket): void => {
  from.pipe(to); // pauses `from` while `to` is full, and ends `to` when `from` ends
  from.on('error', () => abandon(to));
  from.on('close', () => {
    if (!to.writableEnded) to.destroy();
  });
};

/**
 * Joins two connections that were opened with `allowHalfOpen`: what one sends the other receives, at the pace of the
 * slower; the end of one direction is passed on while the other goes on; a failure or loss of one takes down the other.
 */
export const splice = (left: Socket, right: Socket): void => {
  if (left.destroyed || right.destroyed) {
    left.destroy();
    right.destroy();
    return;
  }
  join(left, right);
  join(right, left);
};
