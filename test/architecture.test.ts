/**
 * Holds the import table of docs/architecture.md: reads every import of src/, web/ and bench/.
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dir, '..');

/** Which rooms a room may import, beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  flights: ['core'],
  train: ['core'],
  predict: ['core'],
  exchange: ['core', 'predict'],
  http: ['core'],
  serve: ['core', 'predict', 'http'],
  stress: ['core'],
  report: ['core'],
  cli: ['core', 'flights', 'train', 'predict', 'exchange', 'serve', 'stress', 'report'],
};

/** Which rooms inside `serve/` a room there may import, beside itself and the records that lie in `serve/` itself. */
const SERVE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  '': [],
  telemetry: [],
  guard: [],
  formats: [],
  scoring: ['formats', 'guard', 'telemetry'],
  documents: ['formats', 'scoring'],
  routes: ['documents', 'formats', 'guard', 'scoring', 'telemetry'],
  worker: ['documents', 'formats', 'guard', 'routes', 'telemetry'],
  supervisor: ['guard', 'telemetry', 'worker'],
};

const FORBIDDEN_NAMES = /^(utils?|helpers?|common|misc|index)\.tsx?$/;

const sources = [...new Bun.Glob('src/**/*.{ts,tsx}').scanSync(ROOT)].sort();
const product = sources.filter((file) => !/\.test\.tsx?$/.test(file));

const roomOf = (file: string): string => file.split('/')[1]!;

/** The room inside `serve/`; empty for the records that lie in `serve/` itself. */
const serveRoomOf = (file: string): string => file.split('/').slice(2, -1).join('/');

/** Files of ours that a file imports, relative to the root. */
const importsOf = (file: string): string[] => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g);
  return [...found].map(([, path]) => relative(ROOT, join(ROOT, dirname(file), path!)));
};

describe('the import table', () => {
  test('every file of src/ stands in a room that the table knows', () => {
    expect([...new Set(sources.map(roomOf))].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
  });

  test('a room imports only the rooms that the table allows', () => {
    const wrong: string[] = [];
    for (const file of product) {
      for (const target of importsOf(file)) {
        const isOurs = target.startsWith('src/');
        const allowed = isOurs
          ? roomOf(target) === roomOf(file) || MAY_IMPORT[roomOf(file)]!.includes(roomOf(target))
          : isAsset(roomOf(file), target);
        if (!allowed) wrong.push(`${file} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('a room of serve/ imports only the rooms of serve/ that its own table allows', () => {
    const inServe = (file: string): boolean => file.startsWith('src/serve/');
    const wrong = product.filter(inServe).flatMap((file) =>
      importsOf(file)
        .filter(inServe)
        .filter((target) => {
          const allowed = SERVE_MAY_IMPORT[serveRoomOf(file)];
          return ![serveRoomOf(file), '', ...(allowed ?? [])].includes(serveRoomOf(target));
        })
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
    const rooms = new Set(sources.filter(inServe).map(serveRoomOf));
    expect([...rooms].sort()).toEqual(Object.keys(SERVE_MAY_IMPORT).sort());
  });

  test('no import goes in a circle', () => {
    const graph = new Map(
      product.map((file) => [file, importsOf(file).filter((target) => product.includes(target))]),
    );
    const circles: string[] = [];
    const state = new Map<string, 'open' | 'closed'>();
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'closed') return;
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      state.set(file, 'open');
      for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
      state.set(file, 'closed');
    };
    for (const file of product) visit(file, []);
    expect(circles).toEqual([]);
  });

  test('the page talks HTTP only: it imports nothing of src/ but types', () => {
    const wrong = [...new Bun.Glob('web/**/*.{ts,tsx}').scanSync(ROOT)].flatMap((file) =>
      readFileSync(join(ROOT, file), 'utf8')
        .split('\n')
        .filter((line) => /from ['"].*\/src\//.test(line) && !line.startsWith('import type'))
        .map((line) => `${file}: ${line}`),
    );
    expect(wrong).toEqual([]);
  });
});

/** What stands outside src/ and may still be imported: the manifest by core, the page by serve and cli. */
const isAsset = (room: string, target: string): boolean =>
  (room === 'core' && target === 'package.json') || (room === 'serve' && target.startsWith('web/'));

describe('the files', () => {
  test('no file is a drawer for odds and ends', () => {
    expect(sources.filter((file) => FORBIDDEN_NAMES.test(file.split('/').at(-1)!))).toEqual([]);
  });

  test('every file of src/ opens with a sentence that says what it holds', () => {
    expect(
      product.filter((file) => !/^(#!.*\n)?\/\*\*/.test(readFileSync(join(ROOT, file), 'utf8'))),
    ).toEqual([]);
  });

  test('nothing of src/ is exported by default', () => {
    expect(
      product.filter((file) => /^export default/m.test(readFileSync(join(ROOT, file), 'utf8'))),
    ).toEqual([]);
  });
});
