import type { View } from '../../output/output.js';
import { type Column, table } from '../../output/table.js';
import { stateTone } from '../../output/words.js';
import type { WireHistory } from '../../wire/replication-shapes.js';

type Series = WireHistory['Series'][number];

const BARS = '▁▂▃▄▅▆▇█';
const MOST_BARS = 40;

/** The largest of every group of samples as a bar, 0 at the bottom and `most` at the top; what is not known is a dot. */
const sparkline = (values: readonly (number | null)[], most: number): string => {
  const group = Math.max(1, Math.ceil(values.length / MOST_BARS));
  let line = '';
  for (let start = 0; start < values.length; start += group) {
    const known = values.slice(start, start + group).filter((value) => value !== null);
    const share = most === 0 ? 0 : Math.max(0, ...known) / most;
    line += known.length === 0 ? '·' : (BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] ?? '·');
  }
  return line;
};

const lagsOf = ({ Samples }: Series): readonly (number | null)[] => Samples.map(({ LagSeconds }) => LagSeconds);

const worstOf = (series: Series): number => Math.max(0, ...lagsOf(series).map((lag) => lag ?? 0));

/** Samples in which the stream was not READY. */
const troubled = ({ Samples }: Series): number => Samples.filter(({ State }) => State !== 'READY').length;

const columns = (most: number): readonly Column<Series>[] => [
  { title: 'DATACENTER', value: ({ Datacenter }) => Datacenter },
  { title: 'STREAM', value: ({ Stream }) => Stream },
  { title: 'LAG, OLDEST FIRST', value: (series) => sparkline(lagsOf(series), most) },
  { title: 'WORST', value: (series) => `${worstOf(series)} s`, align: 'right' },
  {
    title: 'NOT READY',
    value: (series) => `${troubled(series)} of ${series.Samples.length}`,
    tone: (series) => (troubled(series) > 0 ? 'warning' : 'plain'),
    align: 'right',
  },
  {
    title: 'NOW',
    value: ({ Samples }) => Samples.at(-1)?.State,
    tone: ({ Samples }) => stateTone(Samples.at(-1)?.State ?? 'UNKNOWN'),
  },
];

/** How far behind every stream was; all bars have the scale of the worst. */
export const historyView: View<WireHistory> = ({ Series }, paint) =>
  Series.length === 0
    ? 'nothing was recorded in that time\n'
    : table(columns(Math.max(0, ...Series.map(worstOf))), Series, paint);
