import { expect, test } from 'bun:test';
import { type Chart, drawingOf, numbersOf } from './charts.ts';
import { formatNumber } from './format.ts';
import { type Block, buildPage } from './page.ts';

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror="alert('2')">&`;

const LINES: Chart = {
  kind: 'line',
  title: HOSTILE,
  x: { label: HOSTILE, scale: 'log' },
  y: { label: 'ms', scale: 'log' },
  series: [
    { label: HOSTILE, style: 'line', x: [0, 1, 10], y: [1, 2, Number.NaN] },
    { label: 'fit', style: 'points', x: [1, 5], y: [3, -1] },
  ],
};

const HEAT: Chart = {
  kind: 'heat',
  title: 'late by hour',
  xLabel: 'hour',
  yLabel: 'day',
  columns: ['0', HOSTILE],
  rows: ['Monday'],
  cells: [1, Number.NaN],
  unit: 'flights',
};

const EVERY_BLOCK: readonly Block[] = [
  { kind: 'text', text: HOSTILE },
  { kind: 'verdict', tone: 'good', text: HOSTILE },
  { kind: 'facts', facts: [{ label: HOSTILE, value: HOSTILE, note: HOSTILE }] },
  { kind: 'table', caption: HOSTILE, header: [HOSTILE], rows: [[HOSTILE], [null]] },
  { kind: 'bars', label: HOSTILE, value: HOSTILE, rows: [{ label: HOSTILE, value: 1 }] },
  { kind: 'chart', chart: LINES },
  { kind: 'chart', chart: HEAT },
  { kind: 'definitions', entries: [[HOSTILE, HOSTILE]] },
];

const PAGE = buildPage({
  title: HOSTILE,
  subtitle: HOSTILE,
  warnings: [HOSTILE],
  lead: EVERY_BLOCK,
  sections: [{ title: HOSTILE, blocks: EVERY_BLOCK }],
});

test('no text of a report can become markup or end a script', () => {
  expect(PAGE).not.toContain('<img');
  expect(PAGE).not.toContain('<script>alert');
  expect(PAGE.match(/<script/g)).toHaveLength(3);
  expect(PAGE.match(/<\/script>/g)).toHaveLength(3);
});

test('a page asks the network for nothing', () => {
  expect(PAGE).toContain("default-src 'none'");
  expect(PAGE).not.toMatch(/(?:src|href)\s*=\s*["']?(?:https?:)?\/\//);
  expect(PAGE).not.toMatch(/@import|url\(/);
});

test('a page without a chart carries no script', () => {
  const page = buildPage({ title: 'plain', lead: [], sections: [] });
  expect(page).not.toContain('<script');
});

test('series with different x share one axis, and a log axis leaves out what is not positive', () => {
  const drawing = drawingOf(LINES);
  expect(drawing.kind === 'line' && drawing.data).toEqual([
    [1, 5, 10],
    [2, null, null],
    [3, null, null],
  ]);
});

test('a hole in a heat map is null, as JSON knows no NaN', () => {
  const drawing = drawingOf(HEAT);
  expect(drawing.kind === 'heat' && drawing.cells).toEqual([1, null]);
});

test('every chart also stands there as numbers, thinned but with both ends', () => {
  const x = Array.from({ length: 1000 }, (_, i) => i);
  const { header, rows } = numbersOf({
    kind: 'line',
    title: 'long',
    x: { label: 'x' },
    y: { label: 'y' },
    series: [{ label: 'y', style: 'line', x, y: x }],
  });
  expect(header).toEqual(['x', 'y']);
  expect(rows.length).toBeLessThan(130);
  expect(rows[0]).toEqual(['0', 0]);
  expect(rows.at(-1)).toEqual(['999', 999]);
});

test('a chart without a single place says so instead of standing empty', () => {
  const silent: Chart[] = [
    { ...LINES, title: 'lines', series: [{ label: 'y', style: 'line', x: [1], y: [Number.NaN] }] },
    { ...HEAT, title: 'heat', columns: [], cells: [] },
  ];
  const page = buildPage({
    title: 'silent',
    lead: silent.map((chart): Block => ({ kind: 'chart', chart })),
    sections: [],
  });
  expect(page.match(/Nothing was measured that could be drawn here/g)).toHaveLength(2);
  expect(page).not.toContain('<script');
});

test('a column of figures stands right, also where some are not known or too few', () => {
  const page = buildPage({
    title: 'table',
    lead: [
      {
        kind: 'table',
        header: ['name', 'p99', 'rate'],
        rows: [
          ['a', '1.2 ms', '7/s'],
          ['b', 'too few', '–'],
        ],
      },
    ],
    sections: [],
  });
  expect(page).toContain('<td>b</td><td class="number">too few</td><td class="number">–</td>');
});

test('on a phone a row of a wide table is a card: each cell has its name, a long one a line of its own', () => {
  const page = buildPage({
    title: 'cards',
    lead: [
      {
        kind: 'table',
        isStacked: true,
        header: ['name', 'late', 'gap, points', 'AUC'],
        rows: [['UA', '25.7 %', '+4.5 (+0.9 to +8.0)', '0.623']],
      },
    ],
    sections: [],
  });
  expect(page).toContain('<td data-label="name">UA</td>');
  expect(page).toContain('<td class="number" data-label="late">25.7 %</td>');
  // A figure with its interval stands right like one without; where both do not fit, the interval is what breaks off.
  expect(page).toContain(
    '<td class="number spread long" data-label="gap, points">+4.5 <span>(+0.9 to +8.0)</span></td>',
  );
});

test('what a card cannot name has a line of its own, or none where there is nothing', () => {
  const page = buildPage({
    title: 'unnamed',
    lead: [
      {
        kind: 'table',
        isStacked: true,
        header: ['part', 'days', 'late', ''],
        rows: [
          ['train', '2013-01', 1, 'grows trees'],
          ['test', '2013-02', 2, ''],
        ],
      },
    ],
    sections: [],
  });
  expect(page).toContain('<td class="unnamed" data-label="">grows trees</td>');
  expect(page).toContain('<td class="empty" data-label=""></td>');
  expect(page).toContain('<td class="date" data-label="days">2013-01</td>');
});

test('the numbers of bars have as many digits, all of them', () => {
  const rows = [0.2157, 0.144, 0.05].map((value) => ({ label: 'x', value }));
  const page = buildPage({
    title: 'bars',
    lead: [{ kind: 'bars', label: 'of', value: 'share', rows }],
    sections: [],
  });
  for (const text of ['0.2157', '0.1440', '0.0500'])
    expect(page).toContain(`<td class="number">${text}</td>`);
});

test('a chart says where its legend reads while nothing is pointed at', () => {
  const page = buildPage({
    title: 'legend',
    lead: [{ kind: 'chart', chart: { ...LINES, restAt: 5 } }],
    sections: [],
  });
  expect(page).toContain('"restAt":5');
});

test.each([
  [336776, '336,776'],
  [0.68123, '0.6812'],
  [12345.6, '12,346'],
  [0.0000123, '1.2e-5'],
  [0, '0'],
  [Number.NaN, '–'],
])('the number %p reads %p', (number, text) => {
  expect(formatNumber(number)).toBe(text);
});
