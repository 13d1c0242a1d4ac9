/**
 * What a chart shows, as plain data; drawn in the browser by uPlot (lines, steps, areas, points, bars) or a canvas (heat map).
 */
import { formatNumber } from './format.ts';

export type Chart = LineChart | HeatMap;

/** `date` is in seconds since 1970-01-01T00:00, shown as it is, without a zone. */
type ScaleKind = 'linear' | 'log' | 'date';

interface Axis {
  readonly label: string;
  readonly scale?: ScaleKind;
  /** Fixed ends; by default the data decide. */
  readonly range?: readonly [number, number];
  /** Read by its height: zero is shown, also where the data stay far above it. */
  readonly fromZero?: boolean;
  /** On a log axis: where zeros are drawn, as they have no place of their own; without it they are left out. */
  readonly floor?: number;
}

export interface Series {
  readonly label: string;
  readonly style: 'line' | 'dashed' | 'area' | 'step' | 'points' | 'bars';
  /** Ascending. */
  readonly x: ArrayLike<number>;
  /** Same length as x; NaN where there is nothing. */
  readonly y: ArrayLike<number>;
  /** Place in the palette, 0 to 5; by default the place in the chart. */
  readonly colour?: number;
  /** Instead: the colour of what is bad, or worth a look. */
  readonly tone?: 'bad' | 'warning';
}

export interface LineChart {
  readonly kind: 'line';
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Whether a place where a series has nothing interrupts its line, because nothing was there. */
  readonly hasGaps?: boolean;
  /** Where on x the legend reads its values while nothing is pointed at; by default at the first mark, else at the end. */
  readonly restAt?: number;
  /** Vertical lines with a word: a threshold, a fault. */
  readonly marks?: readonly { readonly at: number; readonly label: string }[];
  /** Horizontal lines with a word: a limit, a base rate. */
  readonly limits?: readonly { readonly at: number; readonly label: string }[];
}

export interface HeatMap {
  readonly kind: 'heat';
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Names of the columns, left to right. */
  readonly columns: readonly string[];
  /** Names of the rows, top to bottom. */
  readonly rows: readonly string[];
  /** Row-major, shape (rows, columns); NaN leaves a hole. */
  readonly cells: ArrayLike<number>;
  /** What a cell counts. */
  readonly unit: string;
  /** Colours by the logarithm of the cell: for counts that differ by orders. */
  readonly log?: boolean;
}

/** What `charts.page.js` draws: series share one x, null where a series has nothing. */
export type Drawing =
  | (Omit<LineChart, 'series'> & {
      readonly series: readonly Omit<Series, 'x' | 'y'>[];
      readonly data: readonly (readonly (number | null)[])[];
    })
  | (Omit<HeatMap, 'cells'> & { readonly cells: readonly (number | null)[] });

/** A chart as JSON for the browser. */
export const drawingOf = (chart: Chart): Drawing => {
  if (chart.kind === 'heat') return { ...chart, cells: Array.from(chart.cells, plain) };
  const series = chart.series.map(({ label, style, colour, tone }, place) => ({
    label,
    style,
    colour: colour ?? place,
    ...(tone ? { tone } : {}),
  }));
  return { ...chart, series, data: alignedOf(chart) };
};

/** Places that mean the same to the eye are sent once: six digits. */
const plain = (number: number): number | null =>
  Number.isFinite(number) ? Number(number.toPrecision(6)) : null;

/** One ascending x for all series, then each series' y on it. On a log axis what is not positive is left out. */
const alignedOf = (chart: LineChart): (number | null)[][] => {
  const fits = (number: number, axis: Axis): boolean =>
    Number.isFinite(number) && (axis.scale !== 'log' || number > 0);
  const xs = new Set<number>();
  for (const { x } of chart.series) {
    for (let i = 0; i < x.length; i++) if (fits(x[i]!, chart.x)) xs.add(x[i]!);
  }
  const shared = [...xs].sort((a, b) => a - b);
  const places = new Map(shared.map((x, place) => [x, place]));
  const ys = chart.series.map(({ x, y }) => {
    const column = new Array<number | null>(shared.length).fill(null);
    for (let i = 0; i < x.length; i++) {
      const place = places.get(x[i]!);
      const value = chart.y.floor === undefined ? y[i]! : Math.max(chart.y.floor, y[i]!);
      if (place !== undefined && fits(value, chart.y)) column[place] = plain(value);
    }
    return column;
  });
  return [shared, ...ys];
};

/** Whether there is not one place to draw. */
export const isEmpty = (chart: Chart): boolean =>
  chart.kind === 'heat'
    ? !Array.from(chart.cells).some(Number.isFinite)
    : alignedOf(chart)
        .slice(1)
        .every((column) => column.every((value) => value === null));

const MAX_TABLE_ROWS = 120;

/** The numbers of a chart as a table; a long one is thinned evenly and keeps its last row. */
export const numbersOf = (
  chart: Chart,
): { header: readonly string[]; rows: readonly (readonly (string | number | null)[])[] } => {
  if (chart.kind === 'heat') {
    const width = chart.columns.length;
    return {
      header: [`${chart.yLabel} \\ ${chart.xLabel}`, ...chart.columns],
      rows: chart.rows.map((row, r) => [
        row,
        ...Array.from({ length: width }, (_, c) => plain(chart.cells[r * width + c]!)),
      ]),
    };
  }
  const [xs = [], ...ys] = alignedOf(chart);
  const stride = Math.max(1, Math.ceil(xs.length / MAX_TABLE_ROWS));
  const shown = xs.map((_, i) => i).filter((i) => i % stride === 0 || i === xs.length - 1);
  const xText = (x: number): string | number =>
    chart.x.scale === 'date' ? new Date(x * 1000).toISOString().slice(0, 10) : formatNumber(x);
  return {
    header: [chart.x.label, ...chart.series.map((series) => series.label)],
    rows: shown.map((i) => [xText(xs[i]!), ...ys.map((y) => y[i]!)]),
  };
};
