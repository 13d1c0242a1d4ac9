/**
 * `/metrics`: the sum over all workers, as Prometheus text or, for those who ask for it, as OpenMetrics, which has
 * exemplars too.
 *
 * @source https://prometheus.io/docs/instrumenting/exposition_formats/
 * @source https://github.com/prometheus/OpenMetrics, specification 1.0.0
 */
import { VERSION } from '../../core/version.ts';
import { itemsOf, partsOf } from '../../http/field-list.ts';
import { type Exemplar, exemplarsByBucket } from './exemplars.ts';
import {
  type HistogramFamily,
  type Labels,
  type MetricFamily,
  metricFamiliesOf,
} from './metric-families.ts';
import type { ServiceView } from './view.ts';

const FORMATS = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;
type Format = keyof typeof FORMATS;

/** What a reader gets who accepts these types; Prometheus text unless OpenMetrics is asked for by name. */
export const formatFor = (accept: string | null): Format => {
  const ranges = itemsOf(accept ?? '').map(partsOf);
  const wants = ranges.some(
    ([type, ...parameters]) =>
      type!.toLowerCase() === 'application/openmetrics-text' &&
      !parameters.some((parameter) => /^q=0(\.0*)?$/i.test(parameter)),
  );
  return wants ? 'openmetrics' : 'prometheus';
};

export const metricsResponse = (view: ServiceView, accept: string | null): Response => {
  const format = formatFor(accept);
  return new Response(renderMetrics(view, format), {
    headers: { 'content-type': FORMATS[format], vary: 'accept' },
  });
};

export const renderMetrics = (view: ServiceView, format: Format = 'prometheus'): string => {
  const families = metricFamiliesOf(view, VERSION).map((family) => renderFamily(family, format));
  return families.join('') + (format === 'openmetrics' ? '# EOF\n' : '');
};

const renderFamily = (family: MetricFamily, format: Format): string => {
  const { help, kind } = family;
  // In OpenMetrics `_total` belongs to the sample, not to the name of the family.
  const name =
    format === 'openmetrics' && kind === 'counter'
      ? family.name.replace(/_total$/, '')
      : family.name;
  const lines =
    family.kind === 'histogram'
      ? histogramLines(family, format)
      : family.samples.map(({ labels, value }) => `${family.name}${labelText(labels)} ${value}`);
  if (lines.length === 0) return '';
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${kind}`, ...lines, ''].join('\n');
};

const histogramLines = ({ name, bounds, points }: HistogramFamily, format: Format): string[] =>
  points.flatMap(({ labels, cells, exemplars }) => {
    const found =
      format === 'openmetrics' ? exemplarsByBucket(bounds, cells, exemplars) : undefined;
    let seen = 0;
    const lines = [...bounds, Number.POSITIVE_INFINITY].map((bound, i) => {
      seen += cells[1 + i]!;
      const le = labelText({ ...labels, le: boundText(bound, format) });
      return `${name}_bucket${le} ${seen}${exemplarText(found?.[i])}`;
    });
    return [
      ...lines,
      `${name}_sum${labelText(labels)} ${cells[0]!}`,
      `${name}_count${labelText(labels)} ${seen}`,
    ];
  });

/** A bound of OpenMetrics has a decimal point. */
const boundText = (bound: number, format: Format): string => {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf';
  return format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : String(bound);
};

const exemplarText = (exemplar: Exemplar | undefined): string => {
  if (exemplar === undefined) return '';
  const { traceId, spanId, seconds, atMs } = exemplar;
  const ids = labelText({ trace_id: traceId, span_id: spanId });
  return ` # ${ids} ${seconds} ${(atMs / 1000).toFixed(3)}`;
};

const labelText = (labels: Labels): string => {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return '';
  return `{${pairs.map(([name, value]) => `${name}="${escaped(String(value)).replaceAll('"', '\\"')}"`).join(',')}}`;
};

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
