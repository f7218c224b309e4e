import { BanyanError, parseGoDuration } from '@banyan/kernel';
import { follow, withLimit } from '../../output/follow.js';
import { Progress } from '../../output/progress.js';
import type { Session } from '../../session/session.js';
import { EXIT } from '../../session/exit-codes.js';
import { isFinished, rotationShape, type WireRotation } from '../../wire/rotation-shapes.js';
import { rotationPath } from './find-rotation.js';
import { progressShare, progressText, rotationView } from './rotation-view.js';

/** The options of commands that can wait for a rotation. */
export interface WaitOptions {
  readonly wait?: boolean;
  readonly waitLimit: string;
}

/** Shows a rotation that has been moved, and with --wait its way to the end. */
export const showRotation = async (session: Session, rotation: WireRotation, options: WaitOptions): Promise<void> => {
  if (options.wait !== true) {
    session.out.show(rotation, rotationView);
    return;
  }
  const last = await waitForRotation(session, rotation.ID, parseGoDuration(options.waitLimit));
  session.out.show(last, rotationView);
  // What was asked for did not happen, or was taken back meanwhile.
  if (last.Phase === 'failed' || !isFinished(last)) session.surroundings.exitCode = EXIT.failed;
};

/**
 * Follows a rotation until it is finished, with a bar on a terminal and a line per step elsewhere; gives the last state, a
 * finished one unless Ctrl-C ended the wait. Throws `TIMEOUT` after `limitMs`: the rotation goes on all the same.
 */
const waitForRotation = async (session: Session, id: string, limitMs: number): Promise<WireRotation> => {
  const progress = new Progress(session.out.errors, 'rotation');
  const limit = withLimit(session, { ms: limitMs, text: `rotation ${id} was not finished in time; it goes on` });
  let last: WireRotation | undefined;
  try {
    await follow(session, {
      request: { path: rotationPath(id), shape: rotationShape },
      signal: limit.signal,
      onValue: (rotation) => {
        last = rotation;
        progress.update({ share: progressShare(rotation), text: progressText(rotation) });
        return isFinished(rotation);
      },
      onLost: (reason) => {
        if (reason === undefined) return;
        progress.update({ share: last === undefined ? 0 : progressShare(last), text: `connection lost: ${reason}` });
      },
    });
  } finally {
    progress.stop();
    limit.end();
  }
  if (last !== undefined && (isFinished(last) || session.stop().aborted)) return last;
  const cause: unknown = limit.signal.reason;
  if (cause instanceof BanyanError) throw cause;
  throw new BanyanError('ABORTED', `no longer waiting; rotation ${id} goes on`);
};
