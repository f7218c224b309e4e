import type { Duplex } from 'node:stream';

const join = (from: Duplex, to: Duplex): void => {
  from.pipe(to); // pauses `from` while `to` is full, and ends `to` when `from` ends
  from.on('error', () => to.destroy());
  from.on('close', () => {
    if (!to.writableEnded) to.destroy();
  });
};

/**
 * Joins two connections that were opened with `allowHalfOpen`: what one sends the other receives, at the pace of the
 * slower; the end of one direction is passed on while the other goes on; a failure or loss of one takes down the other.
 */
export const splice = (left: Duplex, right: Duplex): void => {
  if (left.destroyed || right.destroyed) {
    left.destroy();
    right.destroy();
    return;
  }
  join(left, right);
  join(right, left);
};
