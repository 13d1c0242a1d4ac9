/**
 * What became of every planned request, why some failed, and whether the thresholds hold.
 */
import type { Group } from '../../stress/analysis/groups.ts';
import type { RunFile } from '../../stress/results/run-file.ts';
import { formatMs, formatPercent, formatPerSecond } from '../format.ts';
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
        header: ['planned', 'sent', 'answered', ...OUTCOME_NAMES.map(([, name]) => name)],
        rows: [
          [
            summary.planned,
            summary.sent,
            summary.answered,
            ...OUTCOME_NAMES.map(([outcome]) => outcomes[outcome]),
          ],
        ],
      },
      ...(summary.users === null
        ? []
        : [
            {
              kind: 'table' as const,
              caption: 'Users of the journey',
              header: ['began', 'came to its end', 'failed on the way', 'under way at the end'],
              rows: [
                [
                  summary.users.started,
                  summary.users.done,
                  summary.users.failed,
                  summary.users.started - summary.users.done - summary.users.failed,
                ],
              ],
            },
          ]),
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

const OUTCOME_NAMES = [
  ['ok', 'ok'],
  ['httpError', 'HTTP errors'],
  ['wrong', 'wrong answers'],
  ['socketError', 'socket errors'],
  ['timeout', 'timeouts'],
  ['unanswered', 'unanswered'],
  ['dropped', 'dropped'],
  ['inFlight', 'in flight when cut short'],
] as const;

const SHARES = /^(errors|wrong|ok|status)/;

const showActual = (threshold: string, actual: number): string => {
  if (SHARES.test(threshold)) return formatPercent(actual, 3);
  return threshold.startsWith('rate') ? formatPerSecond(actual) : formatMs(actual);
};

/** Figures by name and by stage, where there are several. */
export const groupSections = ({ main }: RunFile): Section[] => [
  ...groupSection('By stage', main.stages),
  ...groupSection('By request', main.names),
];

const groupSection = (title: string, groups: readonly Group[] | undefined): Section[] =>
  groups === undefined
    ? []
    : [
        {
          title,
          blocks: [
            {
              kind: 'table',
              header: [
                '',
                'planned',
                'planned/s',
                'ok/s',
                'errors',
                'mean',
                'p50',
                'p95',
                'p99',
                'longest',
              ],
              rows: groups.map((group): Cell[] => [
                group.name,
                group.planned,
                Number(group.plannedPerSecond.toPrecision(4)),
                Number(group.okPerSecond.toPrecision(4)),
                formatPercent(group.errorShare, 3),
                formatMs(group.meanMs),
                formatMs(group.p50Ms),
                group.count >= 200 ? formatMs(group.p95Ms) : 'too few',
                group.count >= 1000 ? formatMs(group.p99Ms) : 'too few',
                formatMs(group.maxMs),
              ]),
            },
          ],
        },
      ];
