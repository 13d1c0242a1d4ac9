/**
 * Holds the documents to the code: every `puntual` command they show exists with the flags they show,
 * every dependency has its reason, every link and path leads somewhere, the drawing of the house shows the folders that
 * there are, the error table says what the code says.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ERRORS } from '../src/core/errors.ts';

const ROOT = join(import.meta.dir, '..');
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...new Bun.Glob('{docs,data,bench}/**/*.md').scanSync(ROOT),
]
  .filter((file) => !file.includes('node_modules') && !file.includes('.venv'))
  .sort();
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Command lines in fenced shell blocks, continuation lines joined; to Helm and kubectl `puntual` is a name of things. */
const commandsOf = (file: string): string[] =>
  [...textOf(file).matchAll(/^```(?:sh|bash|console)\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
    block!
      .replace(/\\\n\s*/g, ' ')
      .split('\n')
      .filter((line) => !/^(?:helm|kubectl) /.test(line))
      .flatMap((line) => /(?:^|\s|npx )puntual (.*?)(?:\s[#|>&].*)?$/.exec(line)?.[1] ?? []),
  );

/** `room/sub-room/file.ts` or `room/sub-room/`, from the root of the project or from src/; not `OPERA_*`, `a/b` of a URL. */
const PATH_IN_BACKTICKS =
  /`((?:src|web|test|bench|data|docs|deploy|core|host|wasm|flights|train|predict|exchange|http|stress|report|score|serve|cli)\/[\w./-]*)`/g;

/** Of a bench the name alone is enough: `bench/export`. */
const leadsSomewhere = (path: string): boolean =>
  ['', 'src'].some((from) => ['', '.ts'].some((end) => existsSync(join(ROOT, from, path + end))));

/** Every command with its flags and the commands below it, as the program itself completes them. */
const commandTree = (): ReadonlyMap<string, ReadonlySet<string>> => {
  const { stdout, exitCode } = Bun.spawnSync([
    process.execPath,
    join(ROOT, 'src/cli/main.ts'),
    ...['completion', 'bash'],
  ]);
  expect(exitCode).toBe(0);
  const lines = stdout.toString().matchAll(/^ {4}"([\w ]*)"\) .*?compgen -W "([^"]*)"/gm);
  return new Map([...lines].map(([, path, words]) => [path!, new Set(words!.split(' '))]));
};

const shown = documents.flatMap((file) => commandsOf(file).map((line) => ({ file, line })));

describe('the documents', () => {
  test('show at least one command of each kind that the tool has', () => {
    const named = new Set(shown.map(({ line }) => line.split(' ')[0]));
    for (const name of ['train', 'evaluate', 'predict', 'serve', 'stress', 'profile', 'model']) {
      expect(named).toContain(name);
    }
  });

  test('show only flags that the commands have', () => {
    const tree = commandTree();
    const wrong: string[] = [];
    for (const { file, line } of shown) {
      const words = line.split(/\s+/);
      const command = tree.has(words.slice(0, 2).join(' '))
        ? words.slice(0, 2).join(' ')
        : words[0]!;
      const known = tree.get(command);
      if (known === undefined) wrong.push(`${file}: puntual ${line}`);
      for (const flag of words.filter((word) => /^--?[a-z]/i.test(word))) {
        const name = flag.split('=')[0]!;
        if (known && !known.has(name)) wrong.push(`${file}: puntual ${line} (${name})`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('show commands that run as they are shown, where these take no time and nothing of a reader', () => {
    const quick = [...new Set(shown.map(({ line }) => line.trim()))].filter((line) =>
      /^(?:columns data\/|slo render|model list|completion )/.test(line),
    );
    expect(quick.length).toBeGreaterThan(3);
    for (const line of quick) {
      const run = Bun.spawnSync(
        [process.execPath, join(ROOT, 'src/cli/main.ts'), ...line.split(/\s+/)],
        { cwd: ROOT, env: { ...process.env, PUNTUAL_MODELS: join(ROOT, 'test/none') } },
      );
      expect({ line, error: run.stderr.toString(), exitCode: run.exitCode }).toEqual({
        line,
        error: '',
        exitCode: 0,
      });
    }
  }, 180_000);

  test('link only to files that exist', () => {
    const wrong = documents.flatMap((file) =>
      [...textOf(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .filter(([, target]) => !existsSync(join(ROOT, dirname(file), target!)))
        .map(([, target]) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('name only files and folders that exist', () => {
    const wrong = documents.flatMap((file) =>
      [...textOf(file).matchAll(PATH_IN_BACKTICKS)]
        .map(([, path]) => path!)
        .filter((path) => !leadsSomewhere(path))
        .map((path) => `${file}: ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  test('draw the house as it is: every folder of src/ with source files, and no other', () => {
    const drawing = /^src\/\n([\s\S]*?)^\S/m.exec(textOf('docs/architecture.md'))![1]!;
    const drawn: string[] = [];
    let room = '';
    for (const [, indent, name] of drawing.matchAll(/^( {2}| {4})([a-z][\w/]*)\/ /gm)) {
      if (indent!.length === 2) room = name!;
      drawn.push(indent!.length === 2 ? name! : `${room}/${name}`);
    }
    const folders = new Set(
      [...new Bun.Glob('**/*.ts').scanSync(join(ROOT, 'src'))].map((file) => dirname(file)),
    );
    expect(drawn.sort()).toEqual([...folders].sort());
  });

  test('give every dependency its reason, and none that is not there', () => {
    const manifest = JSON.parse(textOf('package.json')) as Record<string, Record<string, string>>;
    const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    const table = textOf('docs/architecture.md').split('| package | why |')[1]!;
    const explained = [...table.matchAll(/^\| (`.*?`) \| /gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
    );
    expect(explained.sort()).toEqual(packages.sort());
  });

  test('list every dialect with its columns, and none that does not exist', () => {
    const folder = 'src/flights/dialects';
    const written = [...new Bun.Glob('*.sql').scanSync(join(ROOT, folder))]
      .filter((file) => file !== 'macros.sql')
      .map((file) => {
        const text = textOf(`${folder}/${file}`);
        const head = (key: string): string =>
          new RegExp(`^-- ${key}: (.*)$`, 'm').exec(text)?.[1] ?? '–';
        return `| \`${file.replace('.sql', '')}\` | ${['about', 'schedule', 'optional', 'outcome'].map(head).join(' | ')} |`;
      });
    const listed = textOf('docs/data.md')
      .split('\n')
      .filter((line) => /^\| `[\w-]+` \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \|$/.test(line));
    expect(listed.sort()).toEqual(written.sort());
  });

  test('list every error code with its status and exit code, and none that does not exist', () => {
    const rows = [
      ...textOf('docs/http-api.md').matchAll(/^\| `([a-z-]+)` \| (.+?) \| (\d{3}) \| (\d+) \|/gm),
    ];
    const documented = Object.fromEntries(
      rows.map(([, code, title, status, exit]) => [
        code,
        { title, status: Number(status), exit: Number(exit) },
      ]),
    );
    expect(documented).toEqual(structuredClone(ERRORS) as typeof documented);
  });
});
