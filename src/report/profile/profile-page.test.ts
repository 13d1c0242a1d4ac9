import { expect, test } from 'bun:test';
import type { Group } from '../../flights/profile/groups.ts';
import type { Profile } from '../../flights/profile/profile-report.ts';
import { buildProfilePage } from './profile-page.ts';

const GROUP: Group = {
  name: 'UA <b>',
  flights: 3,
  late: 1 / 3,
  lateInterval: [0.06, 0.79],
  meanDelayMinutes: 4.25,
  cancelled: 0.25,
};

const PROFILE: Profile = {
  files: ['flights.csv'],
  dialect: 'puntual',
  target: 'departure',
  lateMinutes: 20,
  rows: { read: 4, rejected: 1, used: 3 },
  rejected: { cancelled: 1 },
  examples: { cancelled: [{ file: 'flights.csv', line: 7, value: 'canx 1' }] },
  duplicates: { rows: 0, codeShares: 0, sameFiles: [], isExact: true },
  warnings: ['always the same value: <gate>'],
  samples: [{ gate: 'B2' }],
  remarks: {},
  unused: [],
  notes: [],
  columns: [
    {
      name: 'gate',
      rows: 4,
      missing: 4,
      distinct: 0,
      kind: 'text',
      least: null,
      most: null,
      isDistinctFloor: false,
      quantiles: [],
      top: [],
      histogram: [],
    },
  ],
  days: { first: '2013-07-01', last: '2013-07-02', withFlights: 2 },
  delay: {
    late: 1 / 3,
    meanMinutes: 4.25,
    quantiles: [{ level: 0.5, minutes: -2 }],
    histogram: [{ fromMinutes: -60, flights: 3 }],
  },
  byHour: [{ ...GROUP, name: '6' }],
  byWeekday: [{ ...GROUP, name: 'Monday' }],
  byMonth: [{ ...GROUP, name: '2013-07' }],
  byDay: [{ ...GROUP, name: '2013-07-01' }],
  byAirline: [GROUP],
  byOrigin: [],
  byDestination: [],
  byRoute: [],
  lateByWeekdayAndHour: new Array(168).fill(null),
};

test('the page says rows, rejects by reason, dialect and what late means', () => {
  const page = buildProfilePage(PROFILE);
  for (const words of [
    '3 of 4 rows are flights',
    'cancelled',
    'dialect puntual',
    'departure at least 20 min',
    'UA &lt;b&gt;',
    '33.3 % (6–79)',
    'line 7: canx 1',
    'One warning',
    'always the same value: &lt;gate&gt;',
  ]) {
    expect(page).toContain(words);
  }
});

test('a file of which most rows are left out is warned about', () => {
  expect(buildProfilePage(PROFILE)).not.toContain('class="verdict warning"');
  const rows = { read: 100, rejected: 97, used: 3 };
  expect(buildProfilePage({ ...PROFILE, rows })).toContain('class="verdict warning"');
});

test('hours begin with the first that has flights and end with the last', () => {
  const byHour = ['6', '8'].map((name) => ({ ...GROUP, name }));
  const lateByWeekdayAndHour = Array.from({ length: 168 }, (_, cell) =>
    [6, 8].includes(cell % 24) ? 0.5 : null,
  );
  const page = buildProfilePage({ ...PROFILE, byHour, lateByWeekdayAndHour });
  expect(page).toContain('"columns":["6","7","8"]');
  expect(page).toContain('"cells":[50,null,50,');
  expect(page).toContain('"range":[5.5,8.5]');
});
