/**
 * One self-contained HTML page from plain blocks: nothing is fetched, light and dark, phone and print.
 */
import uplotScript from 'uplot/dist/uPlot.iife.min.js' with { type: 'text' };
import uplotStyle from 'uplot/dist/uPlot.min.css' with { type: 'text' };
import chartsScript from './charts.page.js' with { type: 'text' };
import { type Chart, type Drawing, drawingOf, isEmpty, numbersOf } from './charts.ts';
import { escapeHtml, formatNumber } from './format.ts';
import liveScript from './live.page.js' with { type: 'text' };
import pageStyle from './style.page.css' with { type: 'text' };

/** What a cell shows: a number is formatted and right-aligned, null is a dash. */
export type Cell = string | number | null;

export type Tone = 'good' | 'bad' | 'warning' | 'plain';

export type Block =
  /** A paragraph. */
  | { readonly kind: 'text'; readonly text: string }
  /** The one sentence that matters, with a colour and a word, never the colour alone. */
  | { readonly kind: 'verdict'; readonly tone: Tone; readonly text: string }
  /** Sentences below a title, with a colour and a word. */
  | {
      readonly kind: 'list';
      readonly title: string;
      readonly tone: Tone;
      readonly items: readonly string[];
    }
  /** Large numbers beside each other. */
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | {
      readonly kind: 'table';
      readonly caption?: string;
      /** On a phone each row is a card with the names of its cells. */
      readonly isStacked?: boolean;
      readonly header: readonly string[];
      readonly rows: readonly (readonly Cell[])[];
    }
  /** A table whose numbers are also bars; a bar's length is its share of the largest. */
  | {
      readonly kind: 'bars';
      readonly caption?: string;
      readonly label: string;
      readonly value: string;
      readonly rows: readonly { label: string; value: number; note?: string }[];
    }
  | { readonly kind: 'chart'; readonly chart: Chart }
  /** Beside each other where there is room, else below each other. */
  | {
      readonly kind: 'beside';
      readonly blocks: readonly Block[];
      /** Of two, that the second needs more room than the first. */
      readonly isSecondWider?: boolean;
    }
  /** Flowing into two columns of about the same height where there is room. */
  | { readonly kind: 'columns'; readonly blocks: readonly Block[] }
  /** Under a title that a phone shows alone until it is touched. */
  | { readonly kind: 'folded'; readonly title: string; readonly blocks: readonly Block[] }
  | {
      readonly kind: 'definitions';
      readonly entries: readonly (readonly [term: string, meaning: string])[];
    };

interface Fact {
  readonly label: string;
  readonly value: string | number;
  readonly note?: string;
}

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface Page {
  readonly title: string;
  /** Small print under the title: files, date, version. */
  readonly subtitle?: string;
  /** What programs may know of it without reading it, in its head. */
  readonly summary?: { readonly name: string; readonly content: object };
  /** Red strips above everything: what a reader must not overlook. */
  readonly warnings?: readonly string[];
  /** Blocks before the first section. */
  readonly lead: readonly Block[];
  readonly sections: readonly Section[];
}

/** Nothing may be fetched, not even by mistake. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The body of a page, and what is drawn in it: what a page that lives is sent anew. Every text is escaped. */
export const buildBody = (page: Page): { readonly body: string; readonly drawings: Drawing[] } => {
  const charts: Chart[] = [];
  const block = (entry: Block): string => buildBlock(entry, charts);
  const body = [
    ...(page.warnings ?? []).map(
      (warning) => `<p class="warning" role="alert">${escapeHtml(warning)}</p>`,
    ),
    `<header><h1>${escapeHtml(page.title)}</h1>`,
    page.subtitle ? `<p class="subtitle">${escapeHtml(page.subtitle)}</p>` : '',
    '</header><main>',
    ...page.lead.map(block),
    ...page.sections.map(
      (section) =>
        `<section><h2>${escapeHtml(section.title)}</h2>${section.blocks.map(block).join('\n')}</section>`,
    ),
    '</main>',
  ].join('\n');
  return { body, drawings: charts.map(drawingOf) };
};

/** The whole page as one HTML document. */
export const buildPage = (page: Page): string => {
  const { body, drawings } = buildBody(page);
  return documentOf(page, POLICY, body, drawings.length === 0 ? '' : chartScripts(drawings));
};

/** A page whose body and charts come over server-sent events from `events`, beside it. */
export const buildLivingPage = (page: Page): string => {
  const { body, drawings } = buildBody(page);
  return documentOf(
    page,
    `${POLICY}; connect-src 'self'`,
    `<div id="live">${body}</div>`,
    `${chartScripts(drawings)}\n<script>${liveScript}</script>`,
  );
};

const chartScripts = (drawings: readonly Drawing[]): string =>
  `<script type="application/json" id="drawings">${inScript(JSON.stringify(drawings))}</script>
<script>${uplotScript}</script>
<script>${chartsScript}</script>`;

const documentOf = (page: Page, policy: string, body: string, scripts: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
${metaOf(page)}<title>${escapeHtml(page.title)}</title>
<style>${uplotStyle}
${pageStyle}</style>
</head>
<body>
${body}
${scripts}
</body>
</html>
`;

const metaOf = ({ summary }: Page): string =>
  summary === undefined
    ? ''
    : `<meta name="${summary.name}" content="${escapeHtml(JSON.stringify(summary.content))}">\n`;

/** JSON that cannot end the script element around it. */
const inScript = (json: string): string => json.replaceAll('<', '\\u003c');

const TONE_WORDS: Readonly<Record<Tone, string>> = {
  good: '✓ ',
  bad: '✗ ',
  warning: '! ',
  plain: '',
};

const buildBlock = (block: Block, charts: Chart[]): string => {
  switch (block.kind) {
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'verdict':
      return `<p class="verdict ${block.tone}">${TONE_WORDS[block.tone]}${escapeHtml(block.text)}</p>`;
    case 'list':
      return `<div class="verdict list ${block.tone}"><strong>${TONE_WORDS[block.tone]}${escapeHtml(block.title)}</strong><ul>${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul></div>`;
    case 'facts':
      return `<dl class="facts">${block.facts.map(buildFact).join('')}</dl>`;
    case 'table':
      return buildTable(block.header, block.rows, block.caption, block.isStacked);
    case 'bars':
      return buildBars(block);
    case 'beside':
      return `<div class="beside${block.isSecondWider ? ' wider-second' : ''}">${block.blocks.map((entry) => `<div>${buildBlock(entry, charts)}</div>`).join('\n')}</div>`;
    case 'columns':
      return `<div class="columns">${block.blocks.map((entry) => `<div>${buildBlock(entry, charts)}</div>`).join('\n')}</div>`;
    case 'folded':
      return `<details class="folded" open><summary>${escapeHtml(block.title)}</summary>${block.blocks.map((entry) => buildBlock(entry, charts)).join('\n')}</details>`;
    case 'chart':
      if (isEmpty(block.chart)) return buildEmptyFigure(block.chart);
      charts.push(block.chart);
      return buildFigure(block.chart, charts.length - 1);
    case 'definitions':
      return `<dl class="definitions">${block.entries
        .map(([term, meaning]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(meaning)}</dd>`)
        .join('')}</dl>`;
  }
};

const buildFact = (fact: Fact): string =>
  `<div><dt>${escapeHtml(fact.label)}</dt><dd>${escapeHtml(textOf(fact.value))}${
    fact.note ? `<small>${escapeHtml(fact.note)}</small>` : ''
  }</dd></div>`;

const textOf = (cell: Cell): string =>
  cell === null ? '–' : typeof cell === 'number' ? formatNumber(cell) : cell;

/** What is shown for a number that is not known, or rests on too few samples. */
const isGap = (cell: Cell): boolean => cell === null || cell === '–' || cell === 'too few';

const FIGURE =
  /^[-+−]?[\d.,]+(?: ?(?:%|min|ms|s|MB|\/s))?(?: \([-+−]?[\d.,]+ to [-+−]?[\d.,]+\))?$/;

/** Numbers, and texts that read like one (`23.4 %`, `−0.031`, `+5.1 % (+1.5 to +8.7)`), are right-aligned. */
const isFigure = (cell: Cell): boolean => typeof cell === 'number' || FIGURE.test(cell ?? '');

/** A date or a month stays on one line. */
const DATE = /^\d{4}-\d{2}(?:-\d{2})?$/;

/** Above the table, not in it: what explains it must not scroll out of sight with it. */
const captionOf = (caption: string | undefined): string =>
  caption ? `<p class="caption">${escapeHtml(caption)}</p>` : '';

/** On a phone's card two cells share a line where the name and the value of each have no more letters than this. */
const MAX_HALF_CARD = 16;

const buildTable = (
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  caption?: string,
  isStacked = false,
): string => {
  const isNumeric = header.map(
    (_, column) =>
      rows.some((row) => row[column] !== null) &&
      rows.every((row) => isFigure(row[column] ?? null) || isGap(row[column] ?? null)),
  );
  // On a phone each row of such a table is a card, so that no column is out of sight.
  const isWide = isStacked && header.length > 3;
  const side = (column: number): string => (isNumeric[column] ? ' class="number"' : '');
  const head = header
    .map((title, column) => `<th scope="col"${side(column)}>${escapeHtml(title)}</th>`)
    .join('');
  const cellOf = (cell: Cell, column: number): string => {
    const text = escapeHtml(textOf(cell));
    const hasInterval = isNumeric[column] && text.endsWith(')');
    const label = header[column] ?? '';
    const isLong = label.length + textOf(cell).length > MAX_HALF_CARD;
    const classes = [
      isNumeric[column] ? 'number' : DATE.test(textOf(cell)) ? 'date' : '',
      hasInterval ? 'spread' : '',
      isWide && isLong ? 'long' : '',
      // On a card these have no name beside them.
      isWide && label === '' ? (text === '' ? 'empty' : 'unnamed') : '',
    ].filter((name) => name !== '');
    const named = classes.length === 0 ? '' : ` class="${classes.join(' ')}"`;
    // Where there is no room for both, the interval stands below its figure.
    const shown = hasInterval ? text.replace(/\(.*/, '<span>$&</span>') : text;
    return `<td${named}${isWide ? ` data-label="${escapeHtml(label)}"` : ''}>${shown}</td>`;
  };
  const body = rows.map((row) => `<tr>${row.map(cellOf).join('')}</tr>`).join('');
  return `${captionOf(caption)}<div class="scroll" tabindex="0"><table${isWide ? ' class="wide"' : ''}><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
};

const buildBars = (block: Block & { readonly kind: 'bars' }): string => {
  const largest = Math.max(...block.rows.map((row) => Math.abs(row.value)), Number.MIN_VALUE);
  // All with as many digits as the longest, so that they stand below each other; those of large numbers say nothing.
  const digits = Math.min(4, Math.max(...block.rows.map((row) => digitsOf(row.value))));
  const textOfBar = (value: number): string =>
    digits === 0 || Math.abs(value) >= 10_000 ? formatNumber(value) : value.toFixed(digits);
  const rows = block.rows.map((row) => {
    const percent = ((100 * Math.abs(row.value)) / largest).toFixed(1);
    return `<tr><th scope="row">${escapeHtml(row.label)}</th><td class="bar"><span class="${row.value < 0 ? 'negative' : 'positive'}" style="width:${percent}%"></span></td><td class="number">${textOfBar(row.value)}</td><td class="note">${escapeHtml(row.note ?? '')}</td></tr>`;
  });
  return `${captionOf(block.caption)}<div class="scroll" tabindex="0"><table class="bars"><thead><tr><th scope="col">${escapeHtml(block.label)}</th><th></th><th scope="col" class="number">${escapeHtml(block.value)}</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
};

/** Digits after the point of a number as it is shown. */
const digitsOf = (value: number): number => /\.(\d+)$/.exec(formatNumber(value))?.[1]?.length ?? 0;

const buildEmptyFigure = (chart: Chart): string =>
  `<figure><figcaption>${escapeHtml(chart.title)}</figcaption><p>Nothing was measured that could be drawn here.</p></figure>`;

/** A chart, and its numbers for readers who do not see it. */
const buildFigure = (chart: Chart, index: number): string => {
  const { header, rows } = numbersOf(chart);
  return `<figure><figcaption>${escapeHtml(chart.title)}</figcaption>
<div class="chart" data-chart="${index}" role="img" aria-label="${escapeHtml(chart.title)}"></div>
<details><summary>Numbers</summary>${buildTable(header, rows)}</details></figure>`;
};
