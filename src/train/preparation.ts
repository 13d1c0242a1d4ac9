/**
 * Table to binned parts: split, inputs, features, bins.
 */

import { PLAN_FIELDS } from '../core/around/surroundings.ts';
import { WEATHER_FIELDS } from '../core/around/weather.ts';
import { dayOf } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import { type Feature, isCategorical } from '../core/features.ts';
import type { FieldName } from '../core/flight.ts';
import type { Input } from '../core/inputs.ts';
import { departuresOf, type Table } from '../core/table.ts';
import type { Bins } from './binning/binning.ts';
import type { ColumnSource, ColumnTask } from './binning/column-binning.ts';
import { freeColumns } from './ended-memory.ts';
import type { TrainingPool } from './engine/training-pool.ts';
import { dayEffects } from './features/day-effect.ts';
import { flightColumnsOf, inputsOfTable, narrowFlightColumns } from './features/encoding.ts';
import { holidayFeature } from './features/holidays.ts';
import { scheduleFeatures, scheduleInputs } from './features/schedule-features.ts';
import { buildStatistics, kindsOf } from './features/target-statistics.ts';
import {
  type DataSplit,
  learnFromAll,
  PARTS,
  type Part,
  splitAtRandom,
  splitByTime,
} from './features/time-split.ts';
import { trafficFeatures } from './features/traffic.ts';
import type { FlightColumns } from './flight-columns.ts';
import { binOffsets } from './growing/histogram.ts';
import type { BoostRows } from './growing/training-rows.ts';
import { buildKeyReader, type KeyReader, narrowKeyReader } from './key-codes.ts';
import { guardAgainstLeaks } from './leak-guard.ts';
import type { TrainOptions } from './settings.ts';
import { sharedBytes, sharedInts } from './shared-array.ts';

export interface Prepared {
  readonly split: DataSplit;
  readonly inputs: readonly Input[];
  readonly features: readonly Feature[];
  readonly bins: readonly Bins[];
  /** Where the numbers of each feature come from, part by part. */
  readonly columns: readonly ColumnTask[];
  /** What the model asks of every flight of the table. */
  readonly flights: FlightColumns;
  /** Codes of the known rows. */
  readonly codesOf: KeyReader;
  /** uint8, shape (nRows): 1 where a flight of the table was late. */
  readonly labels: Uint8Array;
  readonly parts: Readonly<Record<Part, BoostRows>>;
  /** int32: rows of all parts but the test, by rising day. */
  readonly known: Int32Array;
}

/** What trees are grown from. */
export type Learnable = Omit<Prepared, 'flights' | 'codesOf' | 'labels' | 'columns'>;

/** Without what only the features and the baselines are made of: it takes more memory than all the rest. */
export const learnableOf = ({
  split,
  inputs,
  features,
  bins,
  parts,
  known,
}: Prepared): Learnable => ({
  ...{ split, inputs, features, bins, parts, known },
});

/**
 * The flights as the model is learned and judged on them.
 * @throws AppError data-too-small, data-unfit, data-leak
 */
export const prepare = async (
  table: Table,
  options: TrainOptions,
  pool: TrainingPool,
): Promise<Prepared> => {
  const source = readSource(table, options);
  const judged = await prepareSplit(source, source.split, pool);
  guardAgainstLeaks(judged.features, judged.parts.train);
  return judged;
};

/**
 * The same, and every flight as one part to learn from: the days are read, counted and put in order once for both.
 * @throws AppError data-too-small, data-unfit, data-leak
 */
export const prepareTwice = async (
  table: Table,
  options: TrainOptions,
  pool: TrainingPool,
): Promise<{ readonly judged: Prepared; readonly everyDay: Prepared }> => {
  const source = readSource(table, options);
  const everyDay = await prepareSplit(source, learnFromAll(source.departures), pool);
  const judged = await prepareSplit(source, source.split, pool, everyDay);
  for (const { features, parts } of [judged, everyDay]) guardAgainstLeaks(features, parts.train);
  return { judged, everyDay };
};

/** Every flight as one part to learn from. @throws AppError as `prepare` does */
export const prepareEveryDay = async (
  table: Table,
  options: TrainOptions,
  pool: TrainingPool,
): Promise<Prepared> => {
  const source = readSource(table, options);
  const everyDay = await prepareSplit(source, learnFromAll(source.departures), pool);
  guardAgainstLeaks(everyDay.features, everyDay.parts.train);
  return everyDay;
};

/** Flights that something can be learned from. */
interface Source {
  readonly table: Table;
  readonly options: TrainOptions;
  readonly departures: Float64Array;
  readonly split: DataSplit;
  /** uint8: 1 where a flight of the table was late. */
  readonly labels: Uint8Array;
}

/** @throws AppError data-too-small, data-unfit */
const readSource = (table: Table, options: TrainOptions): Source => {
  if (table.nRows === 0)
    throw new AppError(
      'data-too-small',
      `no flight can be learned from: all ${table.source.nRowsRead} rows were left out${reasonsOf(table)}`,
    );
  if (table.nRows < MIN_ROWS)
    throw new AppError(
      'data-too-small',
      `${table.nRows} ${table.nRows === 1 ? 'flight is' : 'flights are'} too few to learn from; at least ${MIN_ROWS} are expected`,
    );
  const departures = departuresOf(table);
  const { shares, seed } = options;
  const split =
    options.split === 'time'
      ? splitByTime(departures, shares, options.testFrom)
      : splitAtRandom(departures, seed, shares);
  if (table.delayMinutes.some(Number.isNaN))
    throw new AppError(
      'data-unfit',
      `${table.delayMinutes.filter(Number.isNaN).length} flights have a delay that is not a number; a flight without one must be left out`,
    );
  const labels = labelsOf(table.delayMinutes, options.lateMinutes);
  checkLabels(labels, split, options.lateMinutes);
  return { table, options, departures, split, labels };
};

/** @param wider the same flights with more days known, of which these are the first */
const prepareSplit = async (
  { table, options, departures, labels }: Source,
  split: DataSplit,
  pool: TrainingPool,
  wider?: Prepared,
): Promise<Prepared> => {
  const known = knownRows(split, departures);
  const { ownColumns = [] } = options;
  const inputs = inputsOfTable(table, [...namesOf(table, options), ...ownColumns], [known]);
  const flights = wider
    ? narrowFlightColumns(table, wider.flights, inputs)
    : flightColumnsOf(table, inputs);
  freeColumns(table.nRows);
  const codesOf = wider
    ? narrowKeyReader(wider.codesOf, wider.inputs, inputs, known.length)
    : buildKeyReader(flights, known);
  const plain = [
    ...scheduleFeatures(inputs.map(({ name }) => name)),
    ...ownFeatures(inputs, ownColumns),
    ...(options.features === 'own' ? calendarFeatures(flights, codesOf, known, departures) : []),
  ];
  const kinds = options.features === 'own' ? kindsOf(inputs) : [];
  const statistics = buildStatistics(kinds, { codesOf, rows: known, departures, labels });
  const features = [...plain, ...statistics.features];
  const twice = features.find(({ name }, f) => features.findIndex((one) => one.name === name) < f);
  if (twice)
    throw new AppError(
      'usage',
      `--columns ${twice.name}: a feature of that name is made anyway; give the column another name`,
    );
  // Weather explains days by itself.
  const isBlind = !inputs.some(({ name }) => WEATHER_FIELDS.includes(name as FieldName));
  const places = sharedInts(table.nRows).fill(-1);
  for (let place = 0; place < known.length; place++) places[known[place]!] = place;
  /** The test sees the stored statistics, earlier rows what could be known on their day. */
  const columns = features.map(
    (feature, f): ColumnTask => ({
      isCategory: isCategorical(feature),
      parts: PARTS.map((part): ColumnSource => {
        const rows = split.rows[part];
        const statistic = part === 'test' ? undefined : statistics.columns[f - plain.length];
        return statistic
          ? { kind: 'statistic', statistic, places, rows }
          : { kind: 'feature', feature, flights, rows };
      }),
    }),
  );
  freeColumns(table.nRows);
  const into = PARTS.map((part) => sharedBytes(split.rows[part].length * features.length));
  const bins = await pool.bin({ columns, into });
  await pool.free(table.nRows);
  const offsets = binOffsets(bins);
  const inTime = (labels: Uint8Array, part: Part): Pick<BoostRows, 'days' | 'effects'> => {
    if (split.kind !== 'time') return {};
    const days = split.rows[part].map((row) => dayOf(departures[row]!));
    return { days, effects: isBlind ? dayEffects(days, labels) : undefined };
  };
  const parts = Object.fromEntries(
    PARTS.map((part, p) => {
      const answers = answersOf(split.rows[part], table.delayMinutes, labels);
      const rows = { ...answers, bins, offsets, data: into[p]!, ...inTime(answers.labels, part) };
      return [part, rows];
    }),
  ) as Record<Part, BoostRows>;
  return {
    ...{ split, inputs, features, bins, parts, known },
    ...{ columns, flights, codesOf, labels },
  };
};

const MIN_ROWS = 200;

const reasonsOf = (table: Table): string => {
  const reasons = Object.entries(table.source.rejected).map(([reason, n]) => `${n} ${reason}`);
  return reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
};

/** The inputs of a model: the schedule and the weather, and with own features what the statistics and the plan ask. */
const namesOf = (table: Table, options: TrainOptions): readonly FieldName[] => {
  if (options.features !== 'own') return scheduleInputs(table);
  const more = MORE.filter((name) => table.columns[name] !== undefined);
  return [...scheduleInputs(table), ...more, ...(hasWholePlan(table) ? PLAN_FIELDS : [])];
};

/**
 * Whether the flights' own plan may be looked at. Files that never hold a cancelled flight may have left them out, and
 * a day with few flights in them would then be one on which many were cancelled: known only afterwards.
 */
const hasWholePlan = ({ surroundings, source, columns }: Table): boolean =>
  surroundings?.plan !== undefined &&
  (source.rejected['cancelled'] ?? 0) > 0 &&
  columns.origin !== undefined &&
  columns.destination !== undefined;

/** The user's columns, each as it is. */
const ownFeatures = (inputs: readonly Input[], names: readonly string[]): readonly Feature[] =>
  names.map((name) => {
    const isCategory = inputs.find((input) => input.name === name)?.kind === 'category';
    return { name, step: isCategory ? 'code' : 'number', input: name };
  });

const MORE: readonly FieldName[] = ['flightNumber', 'tailNumber'];

const calendarFeatures = (
  flights: FlightColumns,
  codesOf: KeyReader,
  known: Int32Array,
  departures: Float64Array,
): readonly Feature[] => {
  const [first, last] = [dayOf(departures[known[0]!]!), dayOf(departures[known.at(-1)!]!)];
  const years = (last - first) / 365;
  return [
    ...trafficFeatures(flights, codesOf, known, departures),
    // Until each holiday and season was seen twice, they only tell which weeks had bad weather.
    ...(years < SEASONAL_YEARS ? [] : [holidayFeature(first, last), SEASON]),
  ];
};

const SEASONAL_YEARS = 1.9;
const SEASON: Feature = { name: 'dayOfYear', step: 'dayOfYear', input: 'scheduledDeparture' };

const knownRows = (split: DataSplit, departures: Float64Array): Int32Array => {
  const parts = [split.rows.train, split.rows.validation, split.rows.calibration];
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  if (split.kind === 'time') return all;
  return all.sort((a, b) => dayOf(departures[a]!) - dayOf(departures[b]!) || a - b);
};

export const labelsOf = (delayMinutes: Float32Array, lateMinutes: number): Uint8Array => {
  const labels = new Uint8Array(delayMinutes.length);
  for (let row = 0; row < labels.length; row++)
    labels[row] = delayMinutes[row]! >= lateMinutes ? 1 : 0;
  return labels;
};

const checkLabels = (labels: Uint8Array, split: DataSplit, lateMinutes: number): void => {
  for (const part of PARTS) {
    let late = 0;
    const rows = split.rows[part];
    for (let i = 0; i < rows.length; i++) late += labels[rows[i]!]!;
    if (late > 0 && late < split.rows[part].length) continue;
    const which = late === 0 ? 'no flight' : 'every flight';
    throw new AppError(
      'data-unfit',
      `${which} of the ${part} part (${split.dates[part]}) is ${lateMinutes} minutes late or more; both kinds are needed in every part`,
    );
  }
};

/** What the flights of a part were. */
const answersOf = (
  rows: Int32Array,
  delayMinutes: Float32Array,
  labels: Uint8Array,
): Pick<BoostRows, 'nRows' | 'labels' | 'minutes'> => {
  const own = new Uint8Array(rows.length);
  const minutes = new Float32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    own[i] = labels[rows[i]!]!;
    minutes[i] = delayMinutes[rows[i]!]!;
  }
  return { nRows: rows.length, labels: own, minutes };
};
