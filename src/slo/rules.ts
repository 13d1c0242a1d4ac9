/**
 * Objectives as rules of Prometheus: the share of bad events over windows, and alerts on how fast they burn the budget.
 *
 * An alert looks at a long window, which says that much of the budget is gone, and at a short one, which says that it
 * still burns: it fires soon and clears soon. Names and labels are those of sloth, so its dashboards show these rules.
 * @source Google, The Site Reliability Workbook, 5: multiwindow, multi-burn-rate alerts; sloth 0.16
 */
import type { Objective } from './objective.ts';

interface BurnRate {
  readonly severity: 'page' | 'ticket';
  readonly short: string;
  readonly long: string;
  /** How many times faster than what would spend the budget exactly in its window. */
  readonly factor: number;
}

/** Budget of 30 days that is gone when it fires: 2 %, 5 %; 10 %, 10 %. */
const BURN_RATES: readonly BurnRate[] = [
  { severity: 'page', short: '5m', long: '1h', factor: 14.4 },
  { severity: 'page', short: '30m', long: '6h', factor: 6 },
  { severity: 'ticket', short: '2h', long: '1d', factor: 3 },
  { severity: 'ticket', short: '6h', long: '3d', factor: 1 },
];
const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;

type Labels = Readonly<Record<string, string>>;

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** @param runbooks address of the folder of runbooks */
export const rulesOf = (
  objectives: readonly Objective[],
  runbooks: string,
): readonly RuleGroup[] => [
  ...objectives.flatMap((objective) => [
    { name: `slo-${objective.service}-${objective.name}`, rules: ratiosOf(objective) },
    { name: `slo-meta-${objective.service}-${objective.name}`, rules: budgetOf(objective) },
    {
      name: `slo-alerts-${objective.service}-${objective.name}`,
      rules: alertsOf(objective, runbooks),
    },
  ]),
  { name: 'puntual-causes', rules: causesOf(runbooks) },
];

const labelsOf = ({ service, name }: Objective): Labels => ({
  sloth_id: `${service}-${name}`,
  sloth_service: service,
  sloth_slo: name,
});

const selectorOf = (objective: Objective): string =>
  `{${Object.entries(labelsOf(objective))
    .map(([label, value]) => `${label}="${value}"`)
    .join(', ')}}`;

const ratiosOf = (objective: Objective): readonly Rule[] => {
  const labels = labelsOf(objective);
  const days = `${objective.windowDays}d`;
  return [
    ...WINDOWS.map((window) => ({
      record: `slo:sli_error:ratio_rate${window}`,
      expr: objective.errorRatio(window),
      labels: { ...labels, sloth_window: window },
    })),
    {
      record: `slo:sli_error:ratio_rate${days}`,
      expr: `sum_over_time(slo:sli_error:ratio_rate5m${selectorOf(objective)}[${days}])\n/ ignoring (sloth_window)\ncount_over_time(slo:sli_error:ratio_rate5m${selectorOf(objective)}[${days}])`,
      labels: { ...labels, sloth_window: days },
    },
  ];
};

const budgetOf = (objective: Objective): readonly Rule[] => {
  const labels = labelsOf(objective);
  const selector = selectorOf(objective);
  const on = 'on(sloth_id, sloth_slo, sloth_service) group_left';
  const days = `${objective.windowDays}d`;
  return [
    { record: 'slo:objective:ratio', expr: `vector(${objective.target})`, labels },
    { record: 'slo:error_budget:ratio', expr: `vector(1-${objective.target})`, labels },
    { record: 'slo:time_period:days', expr: `vector(${objective.windowDays})`, labels },
    {
      record: 'slo:current_burn_rate:ratio',
      expr: `slo:sli_error:ratio_rate5m${selector}\n/ ${on}\nslo:error_budget:ratio${selector}`,
      labels,
    },
    {
      record: 'slo:period_burn_rate:ratio',
      expr: `slo:sli_error:ratio_rate${days}${selector}\n/ ${on}\nslo:error_budget:ratio${selector}`,
      labels,
    },
    {
      record: 'slo:period_error_budget_remaining:ratio',
      expr: `1 - slo:period_burn_rate:ratio${selector}`,
      labels,
    },
  ];
};

const alertsOf = (objective: Objective, runbooks: string): readonly Rule[] => {
  const selector = selectorOf(objective);
  const name = `Puntual${objective.name[0]!.toUpperCase()}${objective.name.slice(1)}`;
  const budget = Number((1 - objective.target).toPrecision(12));
  const burns = (window: string, factor: number): string =>
    `max(slo:sli_error:ratio_rate${window}${selector} > (${factor} * ${budget})) without (sloth_window)`;
  return (['page', 'ticket'] as const).map((severity) => ({
    alert: `${name}Burns`,
    expr: BURN_RATES.filter((rate) => rate.severity === severity)
      .map(
        ({ short, long, factor }) =>
          `(\n  ${burns(short, factor)}\n  and\n  ${burns(long, factor)}\n)`,
      )
      .join('\nor\n'),
    labels: { severity, sloth_severity: severity },
    annotations: {
      summary: `${objective.displayName}: the error budget of ${objective.windowDays} days burns too fast`,
      description: `${objective.description}. Severity ${severity}.`,
      runbook_url: `${runbooks}/${objective.name}.md`,
    },
  }));
};

/** Not what callers feel, but what they will feel: tickets, not pages. */
const causesOf = (runbooks: string): readonly Rule[] => [
  {
    alert: 'PuntualWorkersDie',
    expr: 'sum by (namespace, pod, instance) (increase(puntual_worker_restarts_total{reason=~"crashed|killed|hung|start-failed"}[15m])) > 3',
    for: '5m',
    labels: { severity: 'ticket' },
    annotations: {
      summary: 'Workers die and are replaced again and again',
      description: 'More than three workers of one pod ended by themselves within 15 minutes.',
      runbook_url: `${runbooks}/workers.md`,
    },
  },
  {
    alert: 'PuntualReloadRefused',
    expr: 'increase(puntual_reloads_total{outcome="refused"}[15m]) > 0',
    labels: { severity: 'ticket' },
    annotations: {
      summary: 'A new model was refused',
      description: 'The model before goes on serving.',
      runbook_url: `${runbooks}/reload.md`,
    },
  },
];
