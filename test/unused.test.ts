/**
 * Nothing is kept that nobody uses: each package of package.json is imported, each export is used by another
 * file, and none of `src/` is there for tests alone.
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dir, '..');

/** Packages that are run, or that the compiler imports for JSX. */
const TOOLS = ['@biomejs/biome', 'bun', 'preact', 'typescript'];

/** Exports and files that only tests use, and why. */
const FOR_TESTS: Readonly<Record<string, string>> = {
  'src/flights/reading/dictionary.ts#codesOfSlowly': 'slow twin of encodeInto',
  'src/predict/columns.ts#binOf': 'slow twin of the emitted search',
  'src/stress/response/reference.ts': 'slow twin of the response parser',
  'src/train/growing/learner.ts#buildPlainLearner': 'slow twin of the engine',
  'src/train/growing/tree.ts#leafOfBins': 'slow twin of addToScores',
  'src/train/growing/loss.ts#logisticGradient': 'the exact gradient, beside the quantised one',
};

const sources = [...new Bun.Glob('{src,web,test,bench}/**/*.{ts,tsx}').scanSync(ROOT)]
  .filter((file) => !file.includes('node_modules') && !file.startsWith('bench/peers/.'))
  .sort();

/** The text without comments, in which a name stands for a use of it. */
const textOf = new Map(
  sources.map((file) => [
    file,
    readFileSync(join(ROOT, file), 'utf8').replace(/^\s*\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, ''),
  ]),
);

const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file) || file.startsWith('test/');

/** `a, type B, c as d` as [a, B, c]. */
const namesIn = (list: string): readonly string[] =>
  list
    .split(',')
    .map(
      (name) =>
        name
          .trim()
          .replace(/^type /, '')
          .split(/\s+as\s+|\s*:\s*/)[0]!,
    )
    .filter((name) => name !== '');

interface Use {
  readonly path: string;
  readonly names: readonly string[];
}

const usesIn = (file: string): readonly Use[] => {
  const text = textOf.get(file)!;
  const uses: Use[] = [];
  for (const [, names, path] of text.matchAll(
    /\b(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'([^']+)'/g,
  ))
    uses.push({ path: path!, names: namesIn(names!) });
  for (const [, names, path] of text.matchAll(
    /\{([^{}]*)\}\s*=\s*await\s+import\(\s*'([^']+)',?\s*\)/g,
  ))
    uses.push({ path: path!, names: namesIn(names!) });
  // A module that is loaded as a value: its members are what stands after a dot anywhere in this file.
  for (const [, path] of text.matchAll(/\bimport\(\s*'([^']+)',?\s*\)/g))
    uses.push({ path: path!, names: [...text.matchAll(/\.(\w+)/g)].map(([, name]) => name!) });
  return uses;
};

/** The file that a relative path in another one names. */
const targetOf = (file: string, path: string): string =>
  relative(ROOT, join(ROOT, dirname(file), path));

/** `file#name` for every import of one of our files, with the files that import it. */
const users = new Map<string, Set<string>>();
for (const file of sources)
  for (const { path, names } of usesIn(file)) {
    if (!path.startsWith('.')) continue;
    for (const name of names) {
      const key = `${targetOf(file, path)}#${name}`;
      users.set(key, (users.get(key) ?? new Set()).add(file));
    }
  }

const EXPORT =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:const|let|function\*?|class|interface|type)\s+([\w$]+)/gm;

const exported = sources
  .filter((file) => !/\.test\.tsx?$/.test(file))
  .flatMap((file) => {
    const text = textOf.get(file)!;
    const lists = [...text.matchAll(/^export\s+(?:type\s+)?\{([^}]*)\};/gm)].flatMap(([, list]) =>
      namesIn(list!),
    );
    return [...[...text.matchAll(EXPORT)].map(([, name]) => name!), ...lists].map((name) => ({
      file,
      name,
      key: `${file}#${name}`,
      usedInFile:
        text.split(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`)).length > 2,
    }));
  });

const keysOf = (list: readonly { readonly key: string }[]): readonly string[] =>
  list.map(({ key }) => key);

const { dependencies, devDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Record<'dependencies' | 'devDependencies', Record<string, string>>;

/** Is a package, or for types the package that they describe, imported by one of these files? */
const isImportedBy = (files: readonly string[], name: string): boolean => {
  const imported = new RegExp(`'${name.replace(/^@types\//, '')}[:/']`);
  return files.some((file) => imported.test(textOf.get(file)!));
};

describe('nothing is kept that nobody uses', () => {
  test('each package is imported', () => {
    const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
    expect(names.filter((name) => !TOOLS.includes(name) && !isImportedBy(sources, name))).toEqual(
      [],
    );
  });

  test('a package that tests alone import is for development', () => {
    const product = sources.filter((file) => /^(src|web)\//.test(file) && !isTest(file));
    expect(
      Object.keys(dependencies).filter(
        (name) => !TOOLS.includes(name) && !isImportedBy(product, name),
      ),
    ).toEqual([]);
  });

  test('each export is used by another file', () => {
    expect(keysOf(exported.filter(({ key }) => !users.has(key)))).toEqual([]);
  });

  test('no export is there for tests alone', () => {
    const forTests = exported.filter(
      ({ file, key, usedInFile }) =>
        file.startsWith('src/') && !usedInFile && [...(users.get(key) ?? ['src/'])].every(isTest),
    );
    expect(keysOf(forTests.filter(({ key }) => FOR_TESTS[key] === undefined))).toEqual([]);
  });

  test('each file is imported, or started, by another that is no test', () => {
    const named = new Set(['src/cli/main.ts', 'src/cli/compiled.ts']);
    for (const file of sources.filter((file) => !isTest(file)))
      for (const [, path] of textOf.get(file)!.matchAll(/'(\.[^']*\.tsx?)'/g))
        named.add(targetOf(file, path!));
    expect(
      sources.filter(
        (file) =>
          /^(src|web)\//.test(file) &&
          !isTest(file) &&
          !file.endsWith('.d.ts') &&
          !named.has(file) &&
          FOR_TESTS[file] === undefined,
      ),
    ).toEqual([]);
  });

  test('what is listed as for tests is there', () => {
    const there = [...sources, ...keysOf(exported)];
    expect(Object.keys(FOR_TESTS).filter((key) => !there.includes(key))).toEqual([]);
  });
});
