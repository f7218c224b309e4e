import type { Alarm } from '../../api/replication.js';
import { ToneShape } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';

/** What somebody should look at, whatever the streams say. */
export function Alarms({ alarms }: { readonly alarms: readonly Alarm[] }) {
  return (
    <>
      {alarms.map(({ Code, Reason, At }) => (
        <div class="state state-denied" role="alert" key={Code}>
          <ToneShape tone="bad" />
          <div>
            <p class="state-title">
              <code>{Code}</code>
            </p>
            <p>
              {Reason} <span class="muted">{At !== null && <TimeText at={At} />}</span>
            </p>
          </div>
        </div>
      ))}
    </>
  );
}
