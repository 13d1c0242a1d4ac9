/**
 * What became of every planned request, why some failed, and whether the thresholds hold.
 */
import type { RunFile } from '../../stress/results/run-file.ts';
import { formatMs, formatPerSecond, formatPercent } from '../format.ts';
import type { Cell, Section } from '../page.ts';

export const outcomeSection = (run: RunFile): Section => {
  const { summary } = run.main;
  const { outcomes } = summary;
  const reasons = Object.entries(summary.reasons);
  return {
    title: 'Every planned request',
    blocks: [
      {
        kind: 'table',
        header: [
          'planned',
          'ok',
          'HTTP errors',
          'socket errors',
          'timeouts',
          'dropped',
          'in flight at the end',
        ],
        rows: [
          [
            summary.planned,
            outcomes.ok,
            outcomes.httpError,
            outcomes.socketError,
            outcomes.timeout,
            outcomes.dropped,
            outcomes.inFlight,
          ],
        ],
      },
      ...(reasons.length > 0
        ? [
            {
              kind: 'table' as const,
              caption: 'What failed',
              header: ['reason', 'requests'],
              rows: reasons,
            },
          ]
        : []),
      ...(run.thresholds.length > 0
        ? [
            {
              kind: 'table' as const,
              caption: 'Thresholds',
              header: ['threshold', 'measured', 'holds'],
              rows: run.thresholds.map(({ threshold, actual, holds }): Cell[] => [
                threshold,
                actual === null ? null : showActual(threshold, actual),
                holds ? 'holds' : 'FAILED',
              ]),
            },
          ]
        : []),
    ],
  };
};

const showActual = (threshold: string, actual: number): string => {
  if (/^(errors|wrong)/.test(threshold)) return formatPercent(actual, 3);
  return threshold.startsWith('rate') ? formatPerSecond(actual) : formatMs(actual);
};
