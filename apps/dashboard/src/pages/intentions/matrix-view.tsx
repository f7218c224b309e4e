import { useMemo, useState } from 'preact/hooks';
import { countText, plural } from '../../parts/format.js';
import { Section } from '../../parts/section.js';
import { ToneShape } from '../../parts/state-badge.js';
import { VirtualList } from '../../parts/virtual-list.js';
import { effectOf, type IntentionIndex } from './decide.js';
import { EFFECT_TONES } from './effect-badge.js';
import { matrixOf } from './matrix.js';
import type { PairView } from './pair.js';

/** As high as a finger. */
const ROW_HEIGHT = 36;
/** Names stand upright in it; with room for a bar to scroll sideways by. */
const HEADER_HEIGHT = 109 + 16;
const MOST_HEIGHT = 640;

interface MatrixViewProps extends PairView {
  readonly services: readonly string[];
}

/** Sources down, destinations across; each cell says what decides about the pair. */
export function MatrixView({ index, pair, setPair, services }: MatrixViewProps) {
  const [search, setSearch] = useState('');
  const matrix = useMemo(() => matrixOf(index.all, services, search), [index, services, search]);
  const { sources, destinations, left } = matrix;
  return (
    <Section title="Matrix">
      <div class="filters">
        <label class="field field-wide">
          <span>Search for a service</span>
          <input type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        </label>
        <Legend />
      </div>
      <VirtualList
        key={search}
        label="Who may call whom: sources down, destinations across"
        class="matrix"
        count={sources.length}
        rowHeight={ROW_HEIGHT}
        mostHeight={MOST_HEIGHT}
        headerHeight={HEADER_HEIGHT}
        keyOf={(at) => sources[at] ?? at}
        header={
          <div class="matrix-row" role="row">
            <div class="matrix-name" role="columnheader">
              from ↓ to →
            </div>
            {destinations.map((name) => (
              <div key={name} class="matrix-cell matrix-column" role="columnheader" title={name}>
                {name}
              </div>
            ))}
          </div>
        }
        row={(at) => {
          const source = sources[at]!;
          return (
            <div class="matrix-row" role="none">
              <div class="matrix-name" role="rowheader" title={source}>
                {source}
              </div>
              {destinations.map((destination) => (
                <Cell
                  key={destination}
                  index={index}
                  source={source}
                  destination={destination}
                  isPicked={pair.source === source && pair.destination === destination}
                  pick={setPair}
                />
              ))}
            </div>
          );
        }}
      />
      <p class="list-foot">
        {plural(sources.length, 'source')}, {plural(destinations.length, 'destination')}
        {left > 0 && `; ${countText(left)} more destinations: search to narrow them`}
      </p>
    </Section>
  );
}

interface CellProps {
  readonly index: IntentionIndex;
  readonly source: string;
  readonly destination: string;
  readonly isPicked: boolean;
  readonly pick: PairView['setPair'];
}

function Cell({ index, source, destination, isPicked, pick }: CellProps) {
  const deciding = index.deciding(source, destination);
  const isOwn = deciding?.SourceName === source && deciding.DestinationName === destination;
  const effect = deciding === undefined ? undefined : effectOf(deciding);
  const by = deciding === undefined ? 'default policy' : `${deciding.SourceName} → ${deciding.DestinationName}`;
  const words = `${source} → ${destination}: ${effect ?? 'default'}, by ${isOwn ? 'its own intention' : by}`;
  return (
    <div class="matrix-cell" role="cell">
      <button
        type="button"
        class={isOwn ? 'own' : 'derived'}
        aria-label={words}
        title={words}
        aria-pressed={isPicked}
        onClick={() => pick({ source, destination })}
      >
        <ToneShape tone={effect === undefined ? 'quiet' : EFFECT_TONES[effect]} />
      </button>
    </div>
  );
}

const Legend = () => (
  <ul class="matrix-legend" aria-label="Legend">
    <li>
      <ToneShape tone="good" /> allow
    </li>
    <li>
      <ToneShape tone="bad" /> deny
    </li>
    <li>
      <ToneShape tone="warning" /> by request
    </li>
    <li>
      <ToneShape tone="quiet" /> default
    </li>
    <li>
      <span class="own-sample" /> framed: an intention of the pair itself
    </li>
  </ul>
);
