import { nowMs } from '../live/now.js';
import { relativeText } from './format.js';

/** A moment of the API (RFC 3339) as its distance from now; the moment itself on hover. */
export function TimeText({ at }: { readonly at: string | undefined | null }) {
  if (at === undefined || at === null || at === '') return <span class="muted">–</span>;
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return <span>{at}</span>;
  return (
    <time dateTime={at} title={new Date(ms).toISOString()}>
      {relativeText(ms, nowMs.value)}
    </time>
  );
}
