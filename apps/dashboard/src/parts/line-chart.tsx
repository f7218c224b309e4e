import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './line-chart.css';

export interface LineChartProps {
  /** What is drawn, for screen readers: "lag of dc2 in seconds". */
  readonly label: string;
  /** In seconds, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
    readonly last: number | null;
    readonly most: number | null;
  }[];
  /** A value with its unit. */
  readonly text: (value: number) => string;
  /** A line across: what values should stay below. */
  readonly limit?: number;
}

const HEIGHT = 240;
/** Lines beyond the first are dashed, each in its own way, for who does not tell colours apart. */
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [1, 4], [14, 4], [4, 2]];

const styleOf = (at: number) => ({ class: `line-${(at % DASHES.length) + 1}`, dash: DASHES[at % DASHES.length]! });

/** Lines over time, with a legend that says the newest and the highest value of each, or the values under the pointer. */
export function LineChart({ label, times, lines, text, limit }: LineChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLUListElement>(null);
  const [pointed, setPointed] = useState<number>();
  const plot = useRef<uPlot>();
  const names = lines.map(({ name }) => name).join();
  const looks = useLooks();
  useLayoutEffect(() => {
    const element = frame.current!;
    const swatches = [...legend.current!.querySelectorAll('li')];
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        scales: { y: { range: (_, least, most) => [Math.min(0, least), niceMost(Math.max(most, limit ?? 0))] } },
        axes: [axisOf(element), { ...axisOf(element), size: 64, values: (_, values) => values.map(text) }],
        series: [
          {},
          ...lines.map(({ name }, at) => ({
            label: name,
            stroke: getComputedStyle(swatches[at]!).color,
            width: 1.5,
            dash: [...styleOf(at).dash],
            points: { show: true, size: 5, filter: lonelyPoints },
          })),
        ],
        hooks: {
          setCursor: [(chart) => setPointed(chart.cursor.idx ?? undefined)],
          draw: limit === undefined ? [] : [(chart) => drawLimit(chart, limit, element)],
        },
      },
      dataOf(times, lines),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
    // Other lines, or other colours: a new plot. New values only are set below.
  }, [names, looks, limit]);
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines]);
  return (
    <div>
      <div class="chart" ref={frame} role="img" aria-label={`${label}. ${summaryOf(lines, text)}`} />
      <ul class="chart-legend" ref={legend}>
        {lines.map(({ name, values, last, most }, at) => {
          const under = pointed === undefined ? undefined : values[pointed];
          return (
            <li key={name} class={styleOf(at).class}>
              <svg width="26" height="4" aria-hidden="true">
                <path
                  d="M0 2h26"
                  stroke="currentColor"
                  stroke-width="2"
                  stroke-dasharray={styleOf(at).dash.join(' ')}
                />
              </svg>
              {name}
              <span class="muted">
                {pointed === undefined
                  ? `${shown(last, text)}, at most ${shown(most, text)}`
                  : `${shown(under, text)} there`}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** Where a value stands between gaps: a line would not show it. */
const lonelyPoints = (chart: uPlot, at: number): number[] => {
  const values = chart.data[at] ?? [];
  const has = (index: number): boolean => values[index] !== null && values[index] !== undefined;
  return Array.from(values, (_, index) => index).filter((index) => has(index) && !has(index - 1) && !has(index + 1));
};

const shown = (value: number | null | undefined, text: LineChartProps['text']): string =>
  value === null || value === undefined ? 'none' : text(value);

const dataOf = (times: LineChartProps['times'], lines: LineChartProps['lines']): uPlot.AlignedData => [
  [...times],
  ...lines.map(({ values }) => [...values]),
];

const summaryOf = (lines: LineChartProps['lines'], text: (value: number) => string): string =>
  lines.map(({ name, most }) => `${name}: at most ${most === null ? 'none' : text(most)}`).join('; ');

/** The end of the scale: a little above what is drawn, and never nothing. */
const niceMost = (most: number): number => (most > 0 ? most * 1.1 : 1);

function axisOf(element: HTMLElement): uPlot.Axis {
  const style = getComputedStyle(element);
  const line = style.getPropertyValue('--line');
  return {
    stroke: style.getPropertyValue('--muted'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1 },
  };
}

function drawLimit(chart: uPlot, limit: number, element: HTMLElement): void {
  const { ctx, bbox } = chart;
  const y = Math.round(chart.valToPos(limit, 'y', true));
  ctx.save();
  ctx.strokeStyle = getComputedStyle(element).getPropertyValue('--bad');
  ctx.setLineDash([6, 6]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/** Changes with the theme: what is drawn on a canvas does not follow the style sheet. */
function useLooks(): string {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const read = (): string => `${document.documentElement.dataset['theme'] ?? ''} ${String(dark.matches)}`;
  const [looks, setLooks] = useState(read);
  useEffect(() => {
    const update = (): void => setLooks(read());
    const observer = new MutationObserver(update);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    dark.addEventListener('change', update);
    return () => {
      observer.disconnect();
      dark.removeEventListener('change', update);
    };
  }, []);
  return looks;
}
