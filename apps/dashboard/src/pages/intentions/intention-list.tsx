import { useMemo, useState } from 'preact/hooks';
import type { Intention } from '../../api/intentions.js';
import { countText, plural } from '../../parts/format.js';
import { Section } from '../../parts/section.js';
import { EmptyState } from '../../parts/states.js';
import { VirtualTable } from '../../parts/virtual-table.js';
import { effectOf } from './decide.js';
import { permissionText } from './draft.js';
import { EffectBadge } from './effect-badge.js';
import { searched } from './matrix.js';
import { pairText, type PairView } from './pair.js';

/** Every intention in the order in which they are tried. */
export function IntentionList({ index, setPair, edit, remove }: PairView) {
  const [search, setSearch] = useState('');
  const rows = useMemo(() => searched(index.all, search), [index, search]);
  return (
    <Section title="All intentions">
      <div class="filters">
        <label class="field field-wide">
          <span>Search by name or description; a pair as web &gt; api</span>
          <input type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        </label>
      </div>
      {rows.length === 0 ? (
        <EmptyState title={index.all.length === 0 ? 'Nobody has made an intention' : `Nothing matches ${search}`}>
          <p>
            {index.all.length === 0
              ? 'Until there is one, the default policy decides. A new one takes effect everywhere within a second or two.'
              : 'A search looks into sources, destinations and descriptions.'}
          </p>
        </EmptyState>
      ) : (
        // Another search is another list: it is shown from its beginning.
        <VirtualTable<Intention>
          key={search}
          label="All intentions, in the order in which they are tried"
          class="intention-rows"
          count={rows.length}
          rowAt={(at) => rows[at]}
          keyOf={(at) => `${rows[at]?.SourceName} ${rows[at]?.DestinationName}`}
          columns={[
            {
              title: 'From',
              cell: ({ SourceName: source, DestinationName: destination }) => (
                <button
                  type="button"
                  class="row-button"
                  title={`Why may ${source} call ${destination}, or not?`}
                  onClick={() => setPair({ source, destination })}
                >
                  {source}
                </button>
              ),
            },
            { title: 'To', cell: ({ DestinationName }) => DestinationName },
            { title: 'Says', cell: (intention) => <EffectBadge effect={effectOf(intention)} /> },
            { title: 'Precedence', align: 'end', cell: ({ Precedence }) => Precedence },
            { title: 'About', cell: aboutText },
            {
              title: 'Change',
              cell: (intention) => (
                <span class="row-actions">
                  <button
                    type="button"
                    class="button button-plain"
                    aria-label={`Edit ${pairText(intention)}`}
                    onClick={() => edit({ source: intention.SourceName, destination: intention.DestinationName })}
                  >
                    Edit
                  </button>
                  <button
                    type="button"
                    class="button button-plain"
                    aria-label={`Delete ${pairText(intention)}`}
                    onClick={() => remove(intention)}
                  >
                    Delete
                  </button>
                </span>
              ),
            },
          ]}
        />
      )}
      <p class="list-foot">
        {rows.length === index.all.length
          ? plural(rows.length, 'intention')
          : `${countText(rows.length)} of ${plural(index.all.length, 'intention')}`}
      </p>
    </Section>
  );
}

const aboutText = ({ Description = '', Permissions = [] }: Intention): string =>
  [Description, ...Permissions.map(permissionText)].filter((text) => text !== '').join(' · ');
