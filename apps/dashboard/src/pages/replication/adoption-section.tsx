import { useState } from 'preact/hooks';
import { callApi } from '../../api/request.js';
import type { Adoption } from '../../api/replication.js';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { plural } from '../../parts/format.js';
import { Facts, Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';

/** A datacenter that stood alone joins only after somebody has seen what it loses. */
export function AdoptionSection({ adoption, reload }: { readonly adoption: Adoption; readonly reload: () => void }) {
  const { Hash, Confirmed, WouldLose } = adoption;
  const [isAsked, setAsked] = useState(false);
  const loses = (
    <Facts
      facts={[
        { name: 'Trust domain', value: WouldLose.TrustDomain === '' ? 'none' : <code>{WouldLose.TrustDomain}</code> },
        { name: 'Roots', value: plural(WouldLose.Roots.length, 'root') },
        { name: 'Intentions', value: plural(WouldLose.Totals.Intentions, 'entry', 'entries') },
        { name: 'Tokens', value: plural(WouldLose.Totals.Tokens, 'token') },
      ]}
    />
  );
  return (
    <Section
      title="Joining: what this datacenter would lose"
      aside={<StateBadge state={Confirmed ? 'confirmed' : 'waits'} tone={Confirmed ? 'good' : 'warning'} />}
    >
      <p class="muted">
        It has a state of its own, which the primary&rsquo;s replaces. It goes on with its own until this is confirmed.
      </p>
      {loses}
      {!Confirmed && (
        <button type="button" class="button" onClick={() => setAsked(true)}>
          Join and lose this…
        </button>
      )}
      {isAsked && (
        <ConfirmDialog
          title="Join the primary and lose what is here?"
          word="adopt"
          action="Join"
          isDangerous
          confirm={async () => {
            await callApi('/v1/replication/adopt', { method: 'PUT', body: { Hash } });
            reload();
          }}
          close={() => setAsked(false)}
        >
          {loses}
          <Lists adoption={adoption} />
        </ConfirmDialog>
      )}
    </Section>
  );
}

function Lists({ adoption: { WouldLose } }: { readonly adoption: Adoption }) {
  const lists = [
    ['Roots', WouldLose.Roots.map(({ Fingerprint }) => Fingerprint)],
    ['Intentions of', WouldLose.Intentions],
    ['Tokens', WouldLose.Tokens.map(({ AccessorID, Description }) => `${AccessorID} ${Description}`)],
  ] as const;
  return (
    <>
      {lists.map(
        ([title, names]) =>
          names.length > 0 && (
            <div key={title}>
              <h3>{title}</h3>
              <pre class="values">{names.join('\n')}</pre>
            </div>
          ),
      )}
    </>
  );
}
