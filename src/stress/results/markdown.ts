/**
 * A run as a page of Markdown: what GitHub shows as the summary of a step.
 */
import type { Group } from '../analysis/groups.ts';
import { type ResultKind, showActual } from '../analysis/result.ts';
import type { RunFile } from './run-file.ts';
import { showCount, showMs } from './text.ts';

const SIGNS: Readonly<Record<ResultKind, string>> = {
  passed: '✅',
  attention: '⚠️',
  failed: '❌',
  unproven: '⚠️',
};

export const markdownOf = (run: RunFile): string => {
  const { main, result, thresholds, findMax } = run;
  const { summary } = main;
  const { responseTime } = summary;
  const share = `${(summary.errorShare * 100).toFixed(3)} %`;
  return [
    `### ${SIGNS[result.kind]} ${escapeCell(result.sentence)}`,
    '',
    `${escapeCell(run.load)}; ${escapeCell(run.url)}, ${escapeCell(run.payload)}. Measurement: ${escapeCell(run.verdict.sentence)}.`,
    '',
    ...(findMax
      ? [
          `Sustained: ${findMax.sustainedPerSecond === null ? 'nothing' : `${showCount(findMax.sustainedPerSecond)}/s`}; breaks at ${findMax.breakingPerSecond === null ? 'no rate that was tried' : `${showCount(findMax.breakingPerSecond)}/s (${findMax.reason})`}.`,
          '',
        ]
      : []),
    ...table(
      ['planned', 'answered', 'ok/s', 'errors', 'p50', 'p99', 'max', 'longest gap'],
      [
        [
          showCount(summary.planned),
          showCount(summary.answered),
          showCount(summary.throughputPerSecond),
          `${showCount(summary.errors)} (${share})`,
          showMs(responseTime.p50Ms),
          responseTime.count >= MIN_FOR_P99 ? showMs(responseTime.p99Ms) : 'too few',
          showMs(responseTime.maxMs),
          showMs(summary.longestGapMs),
        ],
      ],
    ),
    ...(thresholds.length === 0
      ? []
      : table(
          ['threshold', 'measured', ''],
          thresholds.map((judgement) => [
            judgement.threshold,
            showActual(judgement),
            judgement.holds ? 'holds' : '**FAILED**',
          ]),
        )),
    ...groupTable('stage', main.stages),
    ...groupTable('requests', main.names),
    ...(Object.keys(summary.reasons).length === 0
      ? []
      : table(
          ['what failed', 'count'],
          Object.entries(summary.reasons)
            .slice(0, 8)
            .map(([reason, count]) => [reason, showCount(count)]),
        )),
  ].join('\n');
};

const MIN_FOR_P99 = 1000;

const groupTable = (title: string, groups: readonly Group[] | undefined): string[] =>
  groups === undefined
    ? []
    : table(
        [title, 'planned', 'ok/s', 'errors', 'p50', 'p99'],
        groups.map((group) => [
          group.name,
          showCount(group.planned),
          showCount(group.okPerSecond),
          `${(group.errorShare * 100).toFixed(3)} %`,
          showMs(group.p50Ms),
          group.count >= MIN_FOR_P99 ? showMs(group.p99Ms) : 'too few',
        ]),
      );

const table = (header: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${header.join(' | ')} |`,
  `|${header.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.map(escapeCell).join(' | ')} |`),
  '',
];

const escapeCell = (text: string): string => text.replaceAll(/[|<>]/g, (sign) => `\\${sign}`);
