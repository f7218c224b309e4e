import { useState } from 'preact/hooks';
import type { Held } from '../../api/replication.js';
import { plural } from '../../parts/format.js';
import { Section } from '../../parts/section.js';
import { StateBadge, ToneShape } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';
import { HeldDialog } from './held-dialog.js';

export interface HeldSectionProps {
  readonly held: readonly Held[];
  /** Whose it is; undefined: the answering datacenter's own. */
  readonly datacenter: string | undefined;
  readonly reload: () => void;
}

/** Rounds that would delete too much: nothing of them was deleted, until somebody says that they are meant. */
export function HeldSection({ held, datacenter, reload }: HeldSectionProps) {
  const [opened, setOpened] = useState<string>();
  const shown = held.find(({ Stream }) => Stream === opened);
  if (held.length === 0) return null;
  return (
    <Section title="Held deletions" class="held">
      <p class="muted">
        Nothing of this was deleted, everything else goes on. Is it not meant, write the records back at the primary:
        the hold ends by itself.
      </p>
      <ul class="stack">
        {held.map((each) => (
          <li key={each.Stream} class="held-round">
            <ToneShape tone="warning" />
            <div>
              <p>
                <strong>
                  {plural(each.Deletions, 'deletion')} of {plural(each.Records, 'record')} in {each.Stream}
                </strong>{' '}
                <StateBadge state="HELD" label={each.Code} />
              </p>
              <p>
                {each.Reason}
                {each.Since !== null && (
                  <span class="muted">
                    {' '}
                    · since <TimeText at={each.Since} />
                  </span>
                )}
              </p>
            </div>
            <button type="button" class="button" onClick={() => setOpened(each.Stream)}>
              Look at the {each.Deletions === 1 ? 'deletion' : 'deletions'}…
            </button>
          </li>
        ))}
      </ul>
      {shown !== undefined && (
        <HeldDialog held={shown} datacenter={datacenter} close={() => setOpened(undefined)} done={reload} />
      )}
    </Section>
  );
}
