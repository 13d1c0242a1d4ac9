/**
 * What users of a release rely on beside its behaviour: the flags of every command with their variables and defaults, and
 * the values of the chart with theirs; and how two releases differ in them.
 */
import { join } from 'node:path';
import { Command } from 'commander';

const ROOT = join(import.meta.dir, '..');

/** Names and what each is by default, as text: `puntual serve --port` is `8080`, `autoscaling.maxReplicas` is `10`. */
export interface Interface {
  readonly flags: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
}

/** Commands and the file that describes each, as the table of commands has them. */
export const readCommands = async (): Promise<readonly (readonly [string, string])[]> => {
  const table = await Bun.file(join(ROOT, 'src/cli/main.ts')).text();
  return [...table.matchAll(/^ {2}(\w+): \{[^}]*?import\('\.\/([^']+)'\)/gm)].map(
    ([, name, file]) => [name!, file!],
  );
};

export const readInterface = async (): Promise<Interface> => {
  const program = new Command('puntual');
  for (const [name, file] of await readCommands()) {
    const { describe } = (await import(join(ROOT, 'src/cli', file))) as {
      describe: (command: Command) => void;
    };
    describe(program.command(name));
  }
  const values = Bun.YAML.parse(
    await Bun.file(join(ROOT, 'deploy/helm/puntual/values.yaml')).text(),
  );
  return {
    flags: Object.fromEntries(flagsOf(program, 'puntual')),
    values: Object.fromEntries(leavesOf(values, '')),
  };
};

const flagsOf = (command: Command, path: string): readonly [string, string][] => [
  ...command.options.map(({ flags, defaultValue, defaultValueDescription }): [string, string] => [
    `${path} ${flags}`,
    String(defaultValueDescription ?? defaultValue ?? '').replace(/, here .*/, ''),
  ]),
  ...command.commands.flatMap((inner) => flagsOf(inner, `${path} ${inner.name()}`)),
];

const leavesOf = (value: unknown, path: string): readonly [string, string][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && hasKeys(value)
    ? Object.entries(value).flatMap(([key, inner]) =>
        leavesOf(inner, path === '' ? key : `${path}.${key}`),
      )
    : [[path, JSON.stringify(value)]];

const hasKeys = (value: object): boolean => Object.keys(value).length > 0;

/** The difference as Markdown; says so where there is none. */
export const differenceOf = (before: Interface, now: Interface): string =>
  Object.keys(before.flags).length === 0
    ? 'The first release: all flags and values are new.'
    : [
        ...section('Flags', before.flags, now.flags),
        '',
        ...section('Values of the chart', before.values, now.values),
      ].join('\n');

const section = (
  title: string,
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] => {
  const shown = (text: string | undefined): string => (text ? `\`${text}\`` : 'none');
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(now, name));
  const fresh = Object.keys(now).filter((name) => !Object.hasOwn(before, name));
  const changed = Object.keys(now).filter(
    (name) => Object.hasOwn(before, name) && before[name] !== now[name],
  );
  const lines = [
    ...gone.map((name) => `- gone: \`${name}\``),
    ...changed.map(
      (name) => `- other default: \`${name}\`: ${shown(before[name])} was, ${shown(now[name])} is`,
    ),
    ...fresh.map((name) => `- new: \`${name}\`, by default ${shown(now[name])}`),
  ];
  return [`### ${title}`, '', ...(lines.length > 0 ? lines : ['No difference.'])];
};
