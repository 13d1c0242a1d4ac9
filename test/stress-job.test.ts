import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { addStressOptions, type StressFlags } from '../src/cli/stress/flags.ts';
import { planOf } from '../src/cli/stress/plan.ts';

interface Job {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: {
    readonly completionMode: string;
    readonly completions: number;
    readonly parallelism: number;
    readonly template: {
      readonly spec: {
        readonly restartPolicy: string;
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly env: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}

const path = join(import.meta.dir, '..', 'deploy', 'stress', 'job.yaml');
const job = Bun.YAML.parse(readFileSync(path, 'utf8')) as Job;
const [container] = job.spec.template.spec.containers;

test('the stress job is an Indexed Job that runs each part once, all at the same time', () => {
  expect(job).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job' });
  const { completionMode, completions, parallelism, template } = job.spec;
  expect(completionMode).toBe('Indexed');
  expect(parallelism).toBe(completions);
  expect(template.spec.restartPolicy).toBe('Never');
  expect(container!.args.join(' ')).toContain(`/${completions} `);
});

test('its arguments are flags that the command knows, and name only variables that it sets', () => {
  const known = new Map(container!.env.map(({ name, value }) => [name, value ?? '1']));
  const args = container!.args.map((text) =>
    text.replace(/\$\((\w+)\)/g, (_, name: string) => {
      expect(known.has(name)).toBe(true);
      return known.get(name)!;
    }),
  );
  const command = addStressOptions(new Command('stress')).exitOverride();
  command.action((_url: string, flags: StressFlags) => {
    expect(planOf(flags, 'single').part).toEqual({ index: 1, of: 4 });
  });
  expect(args[0]).toBe('stress');
  command.parse(args.slice(1), { from: 'user' });
});
