/**
 * `puntual slo render`: service level objectives (OpenSLO) as rules of Prometheus, a dashboard of Grafana, or thresholds.
 */
import { type Command, Option } from 'commander';
import { dashboardOf } from '../slo/dashboard.ts';
import { type Objective, readObjectives } from '../slo/objective.ts';
import { type RuleGroup, rulesOf } from '../slo/rules.ts';
import { thresholdsOf } from '../slo/thresholds.ts';
import { printText } from './output.ts';

const FORMS = ['prometheus', 'grafana', 'thresholds'] as const;

interface RenderOptions {
  readonly to: (typeof FORMS)[number];
  readonly runbooks: string;
}

export const describe = (command: Command): void => {
  command.description(
    'Turns service level objectives, written once in OpenSLO, into what other tools need.',
  );
  command
    .command('render')
    .description('print Prometheus rules, a Grafana dashboard, or the thresholds of a stress run')
    .argument('[file]', 'OpenSLO v1', 'deploy/slo.yaml')
    .addOption(new Option('--to <form>', 'what to print').choices(FORMS).default('prometheus'))
    .option('--runbooks <url>', 'where the runbooks are that alerts point to', 'docs/runbooks')
    .exitOverride()
    .action((file: string, { to, runbooks }: RenderOptions) => {
      printText(rendered(readObjectives(file), to, runbooks));
    });
};

const rendered = (objectives: readonly Objective[], to: RenderOptions['to'], runbooks: string) => {
  switch (to) {
    case 'prometheus':
      return yamlOf(rulesOf(objectives, runbooks));
    case 'grafana':
      return `${JSON.stringify(dashboardOf(objectives), undefined, 2)}\n`;
    case 'thresholds':
      return `${thresholdsOf(objectives)}\n`;
  }
};

/** YAML that a person reads in a review; JSON's strings are YAML's. */
const yamlOf = (groups: readonly RuleGroup[]): string => {
  const lines = [
    '# Rendered by `puntual slo render`: change the objectives, not this file.',
    'groups:',
  ];
  for (const { name, rules } of groups) {
    lines.push(`  - name: ${name}`, '    rules:');
    for (const { expr, labels, annotations, ...head } of rules) {
      const fields = Object.entries(head).map(([key, value]) => `${key}: ${value}`);
      fields.push('expr: |', ...expr.split('\n').map((line) => `  ${line}`));
      for (const [key, map] of Object.entries({ labels, annotations }))
        if (map)
          fields.push(
            `${key}:`,
            ...Object.entries(map).map(([label, value]) => `  ${label}: ${JSON.stringify(value)}`),
          );
      lines.push(...fields.map((field, i) => `      ${i === 0 ? '- ' : '  '}${field}`));
    }
  }
  return `${lines.join('\n')}\n`;
};
