import { connection, retryNow } from '../live/connection.js';
import { nowMs } from '../live/now.js';
import { ToneShape } from '../parts/state-badge.js';

/** Says that what is shown is no longer live, and when the next attempt is. Lies over the page, so nothing jumps. */
export function ConnectionBar() {
  const state = connection.value;
  if (state.kind !== 'lost') return null;
  const seconds = Math.max(0, Math.ceil((state.retryAtMs - nowMs.value) / 1_000));
  return (
    <div class="connection-bar" role="alert">
      <ToneShape tone="bad" />
      <span>
        Connection lost, trying again {seconds === 0 ? 'now' : `in ${seconds} s`}. {state.reason} What you see is the
        last known state.
      </span>
      <button type="button" class="button" onClick={retryNow}>
        Try now
      </button>
    </div>
  );
}

const WORDS = {
  idle: ['quiet', 'not connected'],
  connecting: ['active', 'connecting'],
  open: ['good', 'live'],
  lost: ['bad', 'connection lost'],
  refused: ['warning', 'asks every 5 s'],
} as const;

/** Whether the page is live, in two words. */
export function ConnectionSign() {
  const state = connection.value;
  const [tone, words] = WORDS[state.kind];
  return (
    <span class={`live tone-${tone}`} data-connection={state.kind} title={'reason' in state ? state.reason : undefined}>
      <ToneShape tone={tone} />
      {words}
    </span>
  );
}
