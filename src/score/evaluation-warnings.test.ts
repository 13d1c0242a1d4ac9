/** What must be read before the figures of an evaluation. */
import { expect, test } from 'bun:test';
import { SMALLEST_MODEL, TRAINED_ON } from '../../test/smallest-model.ts';
import type { Model } from '../core/model.ts';
import type { Table } from '../core/table.ts';
import { evaluationWarnings } from './evaluation-warnings.ts';

const MODEL: Model = {
  ...SMALLEST_MODEL,
  provenance: {
    madeBy: 'puntual',
    trainedOn: {
      ...TRAINED_ON,
      known: { days: '2013-01-01..2013-10-31', rows: 1 },
      weather: { leadHours: 3, neighbours: {} },
    },
  },
};

const NOVEMBER = (Date.UTC(2013, 10, 5) / 60_000) | 0;

const tableOf = (leadHours: number): Table => ({
  nRows: 1,
  columns: { scheduledDeparture: { kind: 'time', minutes: Float64Array.of(NOVEMBER) } },
  delayMinutes: Float32Array.of(0),
  source: { files: [], dialect: 'puntual', target: 'arrival', nRowsRead: 1, rejected: {} },
  surroundings: { weather: { stations: new Map(), leadHours, neighbours: {} } },
});

const warningsWith = (leadHours: number): readonly string[] =>
  evaluationWarnings({ model: MODEL, path: '', version: '1' }, tableOf(leadHours), {
    lateMinutes: 15,
    seen: { days: '2013-01-01..2013-10-31', rows: 0, included: false },
    hindsight: { rows: 0, byModel: [] },
    absent: [],
  });

test('weather from nearer to departure than a model learned with is said first', () => {
  expect(warningsWith(3)).toEqual([]);
  expect(warningsWith(1)).toEqual([
    'The model was learned with the weather 3 h before departure; here it is given that of 1 h before. The figures compare two different things.',
  ]);
});
