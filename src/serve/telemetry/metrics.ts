/**
 * `/metrics`: the sum over all workers as Prometheus text.
 *
 * @source https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { VERSION } from '../../core/version.ts';
import { type MetricFamily, metricFamiliesOf } from './metric-families.ts';
import type { ServiceView } from './view.ts';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export const renderMetrics = (view: ServiceView): string =>
  metricFamiliesOf(view, VERSION).map(renderFamily).join('');

const renderFamily = ({ name, help, kind, samples }: MetricFamily): string =>
  samples.length === 0
    ? ''
    : `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${samples
        .map(({ suffix = '', labels, value }) => `${name}${suffix}${labelText(labels)} ${value}\n`)
        .join('')}`;

const labelText = (labels: Readonly<Record<string, string | number>>): string => {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return '';
  return `{${pairs.map(([name, value]) => `${name}="${quoted(String(value))}"`).join(',')}}`;
};

const quoted = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
