import { useMemo, useState } from 'preact/hooks';
import { withQuery } from '../../api/request.js';
import type { LagHistory } from '../../api/replication.js';
import { useResource } from '../../live/resource.js';
import { useInterval } from '../../live/use-interval.js';
import { countText, millisecondsText, plural, secondsText } from '../../parts/format.js';
import { LineChart } from '../../parts/line-chart.js';
import { Section } from '../../parts/section.js';
import { EmptyState, ResourceView } from '../../parts/states.js';
import { lagChart, type LagMeasure, statesSeen } from './lag-lines.js';

/** A sample is taken every 10 s. */
const EVERY_MS = 10_000;

const MEASURES: readonly {
  readonly measure: LagMeasure;
  readonly title: string;
  readonly text: (value: number) => string;
}[] = [
  { measure: 'seconds', title: 'Lag in seconds', text: secondsText },
  { measure: 'index', title: 'Lag in index', text: countText },
  { measure: 'roundTrip', title: 'Round trip of the canary', text: millisecondsText },
];

export interface HistoryProps {
  readonly datacenter: string;
  /** What the canary's round trip should stay below. */
  readonly objectiveMs: number;
}

/** How far behind each stream was over the last hours. The answering server remembers six, and forgets them when it ends. */
export function History({ datacenter, objectiveMs }: HistoryProps) {
  const [since, setSince] = useState('1h');
  const [measure, setMeasure] = useState<LagMeasure>('seconds');
  const history = useResource<LagHistory>(withQuery('/v1/replication/history', { since, for: datacenter }));
  useInterval(history.reload, EVERY_MS);
  return (
    <Section
      title="Lag over time"
      aside={
        <>
          <label class="inline-field">
            <span class="visually-hidden">Measure</span>
            <select value={measure} onChange={(event) => setMeasure(event.currentTarget.value as LagMeasure)}>
              {MEASURES.map((each) => (
                <option key={each.measure} value={each.measure}>
                  {each.title}
                </option>
              ))}
            </select>
          </label>
          <label class="inline-field">
            <span class="visually-hidden">Window</span>
            <select value={since} onChange={(event) => setSince(event.currentTarget.value)}>
              <option value="15m">15 minutes</option>
              <option value="1h">1 hour</option>
              <option value="3h">3 hours</option>
              <option value="6h">6 hours</option>
            </select>
          </label>
        </>
      }
    >
      <ResourceView resource={history} what="the history" rows={7}>
        {(value) => <Drawn history={value} datacenter={datacenter} measure={measure} objectiveMs={objectiveMs} />}
      </ResourceView>
    </Section>
  );
}

interface DrawnProps extends HistoryProps {
  readonly history: LagHistory;
  readonly measure: LagMeasure;
}

function Drawn({ history, datacenter, measure, objectiveMs }: DrawnProps) {
  const chart = useMemo(() => lagChart(history, datacenter, measure), [history, datacenter, measure]);
  const seen = useMemo(() => [...statesSeen(history, datacenter)], [history, datacenter]);
  const { title, text } = MEASURES.find((each) => each.measure === measure)!;
  if (chart.lines.length === 0)
    return (
      <EmptyState title="Nothing was measured in this window">
        <p>A server takes a sample every {history.SampleSeconds} s and begins anew when it starts.</p>
      </EmptyState>
    );
  return (
    <>
      <LineChart
        label={`${title} of ${datacenter}`}
        times={chart.times}
        lines={chart.lines}
        text={text}
        {...(measure === 'roundTrip' && { limit: objectiveMs })}
      />
      {seen.length > 0 && (
        <p class="muted">
          Other states than READY in this window:{' '}
          {seen.map(([state, count]) => `${state} (${plural(count, 'sample')})`).join(', ')}.
        </p>
      )}
    </>
  );
}
