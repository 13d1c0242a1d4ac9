/**
 * The dashboard of Grafana: rate, errors and duration of requests; what the processes use; the model; the objectives.
 */
import { MIN_PSI } from '../core/distribution.ts';
import type { Objective } from './objective.ts';

interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly kind?: 'timeseries' | 'stat' | 'heatmap';
}

const PODS = 'namespace=~"$namespace",pod=~"$pod"';
const REQUESTS = 'http_server_request_duration_seconds';

const of = (metric: string, more = ''): string =>
  `${metric}{${[PODS, more].filter((part) => part !== '').join(',')}}`;

const rowsOf = (): Readonly<Record<string, readonly Panel[]>> => {
  const rate = (metric: string, more = ''): string => `rate(${of(metric, more)}[$__rate_interval])`;
  const quantile = (q: number): Query => ({
    expr: `histogram_quantile(${q}, sum by (le) (${rate(`${REQUESTS}_bucket`, 'http_route="/predict"')}))`,
    legend: `p${q * 100}`,
  });
  return {
    'Requests: rate, errors, duration': [
      {
        title: 'Requests by route',
        unit: 'reqps',
        queries: [
          { expr: `sum by (http_route) (${rate(`${REQUESTS}_count`)})`, legend: '{{http_route}}' },
        ],
      },
      {
        title: 'Errors by status',
        unit: 'reqps',
        queries: [
          {
            expr: `sum by (http_response_status_code) (${rate(`${REQUESTS}_count`, 'http_response_status_code=~"[45].."')})`,
            legend: '{{http_response_status_code}}',
          },
        ],
      },
      { title: 'Time of a prediction', unit: 's', queries: [0.5, 0.99, 0.999].map(quantile) },
      {
        title: 'Times of predictions',
        unit: 's',
        kind: 'heatmap',
        queries: [
          {
            expr: `sum by (le) (${rate(`${REQUESTS}_bucket`, 'http_route="/predict"')})`,
            legend: '{{le}}',
          },
        ],
      },
    ],
    'Processes: used, full, failed': [
      {
        title: 'Workers by state',
        unit: 'short',
        queries: [{ expr: `sum by (state) (${of('puntual_workers')})`, legend: '{{state}}' }],
      },
      {
        title: 'Workers replaced',
        unit: 'short',
        queries: [
          {
            expr: `sum by (reason) (increase(${of('puntual_worker_restarts_total')}[$__rate_interval]))`,
            legend: '{{reason}}',
          },
        ],
      },
      {
        title: 'Memory of a worker',
        unit: 'bytes',
        queries: [
          { expr: `max by (worker) (${of('puntual_worker_memory_bytes')})`, legend: '{{worker}}' },
        ],
      },
      {
        title: 'Requests in hand',
        unit: 'short',
        queries: [{ expr: `sum(${of('puntual_requests_in_hand')})`, legend: 'in hand' }],
      },
      {
        title: 'Refused by reason',
        unit: 'reqps',
        queries: [
          { expr: `sum by (reason) (${rate('puntual_shed_total')})`, legend: '{{reason}}' },
        ],
      },
    ],
    Model: [
      {
        title: 'Predictions by outcome',
        unit: 'short',
        queries: [
          {
            expr: `sum by (outcome) (${rate('puntual_predictions_total')})`,
            legend: '{{outcome}}',
          },
        ],
      },
      {
        title: 'Time in the model',
        unit: 's',
        queries: [
          {
            expr: `histogram_quantile(0.99, sum by (le) (${rate('puntual_inference_duration_seconds_bucket')}))`,
            legend: 'p99',
          },
        ],
      },
      {
        title: `Drift of the inputs (PSI; from ${MIN_PSI.strong} train anew)`,
        unit: 'short',
        queries: [
          { expr: `max by (input) (${of('puntual_input_drift_psi')})`, legend: '{{input}}' },
        ],
      },
      {
        title: 'Pods by model',
        unit: 'short',
        queries: [
          {
            expr: `count by (name, version) (${of('puntual_model_info')})`,
            legend: '{{name}} {{version}}',
          },
        ],
      },
      {
        title: 'Reloads',
        unit: 'short',
        queries: [
          {
            expr: `sum by (outcome) (increase(${of('puntual_reloads_total')}[$__rate_interval]))`,
            legend: '{{outcome}}',
          },
        ],
      },
    ],
  };
};

const objectivePanels = (objectives: readonly Objective[]): readonly Panel[] =>
  objectives.flatMap(({ service, name, displayName }) => [
    {
      title: `${displayName}: budget left`,
      unit: 'percentunit',
      kind: 'stat' as const,
      queries: [
        {
          expr: `slo:period_error_budget_remaining:ratio{sloth_id="${service}-${name}"}`,
          legend: 'left',
        },
      ],
    },
    {
      title: `${displayName}: burn rate (1 spends the budget exactly)`,
      unit: 'short',
      queries: [
        { expr: `slo:current_burn_rate:ratio{sloth_id="${service}-${name}"}`, legend: 'now' },
      ],
    },
  ]);

const COLUMNS = 3;
const WIDTH = 24 / COLUMNS;
const HEIGHT = 8;
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
const SOURCE = { type: 'prometheus', uid: '${datasource}' };

/** A dashboard as Grafana imports it. */
export const dashboardOf = (objectives: readonly Objective[]): object => {
  const rows = { ...rowsOf(), Objectives: objectivePanels(objectives) };
  const panels: object[] = [];
  let y = 0;
  let id = 0;
  for (const [title, all] of Object.entries(rows)) {
    panels.push({
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y++;
    for (const [i, { title, unit, kind = 'timeseries', queries }] of all.entries())
      panels.push({
        id: ++id,
        type: kind,
        title,
        datasource: SOURCE,
        gridPos: {
          x: (i % COLUMNS) * WIDTH,
          y: y + Math.floor(i / COLUMNS) * HEIGHT,
          w: WIDTH,
          h: HEIGHT,
        },
        fieldConfig: { defaults: { unit }, overrides: [] },
        targets: queries.map(({ expr, legend }, at) => ({
          refId: String.fromCharCode(65 + at),
          datasource: SOURCE,
          expr,
          legendFormat: legend,
          ...(kind === 'heatmap' && { format: 'heatmap' }),
        })),
      });
    y += Math.ceil(all.length / COLUMNS) * HEIGHT;
  }
  return {
    uid: 'puntual',
    title: 'Puntual',
    tags: ['puntual'],
    timezone: 'browser',
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus' },
        variable('namespace', 'label_values(puntual_ready, namespace)'),
        variable('pod', 'label_values(puntual_ready{namespace=~"$namespace"}, pod)'),
      ],
    },
    panels,
  };
};

/** "All" stands for any value and none: outside of Kubernetes there is no such label. */
const variable = (name: string, query: string): object => ({
  name,
  type: 'query',
  datasource: SOURCE,
  query,
  refresh: 2,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
});
