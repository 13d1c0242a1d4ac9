/**
 * Holds the import table of docs/architecture.md: reads every import of src/, web/ and bench/.
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dir, '..');

/** What a room may import beside itself, and what its sub-rooms may. */
interface Room {
  readonly imports: readonly string[];
  /** Rooms whose types it may name, so that no type is written twice. */
  readonly types?: readonly string[];
  /** Per sub-room, which sub-rooms it may import beside itself and the room's own files. */
  readonly rooms?: Readonly<Record<string, readonly string[]>>;
}

const GROUND = ['core', 'host', 'wasm'];

const ROOMS: Readonly<Record<string, Room>> = {
  core: { imports: [], rooms: { around: [], compression: [], files: [], steps: [] } },
  host: { imports: ['core'] },
  wasm: { imports: [] },
  flights: {
    imports: GROUND,
    rooms: {
      dialects: [],
      reading: [],
      mapping: ['dialects', 'reading'],
      cleaning: ['dialects', 'mapping', 'reading'],
      profile: ['cleaning', 'dialects', 'mapping', 'reading'],
      output: ['cleaning', 'dialects', 'reading'],
    },
  },
  train: {
    imports: GROUND,
    rooms: {
      features: [],
      binning: [],
      growing: ['binning'],
      kernels: ['growing'],
      engine: ['binning', 'growing', 'kernels'],
      heads: ['engine', 'features', 'growing', 'quality'],
      quality: ['growing'],
    },
  },
  predict: { imports: GROUND, rooms: { kernels: [], explain: [] } },
  exchange: {
    imports: [...GROUND, 'predict'],
    rooms: {
      catboost: [],
      compression: [],
      pickle: [],
      lightgbm: [],
      xgboost: [],
      sklearn: ['lightgbm', 'pickle', 'xgboost'],
      onnx: [],
      'onnx/write': [],
    },
  },
  http: { imports: GROUND, rooms: { sockets: [] } },
  stress: {
    imports: GROUND,
    rooms: {
      response: [],
      generator: ['journey', 'response'],
      payload: [],
      target: ['generator', 'payload', 'response'],
      journey: ['generator', 'payload', 'response', 'target'],
      coordinator: ['generator', 'target'],
      faults: ['coordinator', 'generator', 'target'],
      analysis: ['coordinator', 'generator'],
      modes: ['analysis', 'coordinator', 'faults', 'generator', 'target'],
      results: ['analysis', 'coordinator', 'faults', 'generator', 'modes', 'target'],
      kubernetes: ['results'],
    },
  },
  report: {
    imports: GROUND,
    types: ['flights', 'train', 'score', 'stress'],
    rooms: { profile: [], stress: [], training: [] },
  },
  // It measures a stored model by the very metrics that training measures a fresh one by.
  score: { imports: [...GROUND, 'flights', 'predict', 'train'] },
  slo: { imports: GROUND },
  serve: {
    imports: [...GROUND, 'http', 'predict'],
    rooms: {
      telemetry: [],
      guard: [],
      formats: [],
      scoring: ['formats', 'guard', 'telemetry'],
      documents: ['formats', 'scoring'],
      routes: ['documents', 'formats', 'guard', 'scoring', 'telemetry'],
      worker: ['documents', 'formats', 'guard', 'routes', 'scoring', 'telemetry'],
      process: [],
      supervisor: ['formats', 'guard', 'process', 'telemetry', 'worker'],
    },
  },
  cli: {
    imports: [
      ...GROUND,
      ...['flights', 'train', 'predict', 'exchange', 'serve', 'stress', 'slo', 'report', 'score'],
    ],
    rooms: { model: ['training'], serve: [], stress: [], training: [] },
  },
};

/** A folder of more files than this hides them from its reader. */
const FOLDER_LIMIT = 25;

const FORBIDDEN_NAMES = /^(utils?|helpers?|common|misc|index)\.tsx?$/;

const sources = [...new Bun.Glob('src/**/*.{ts,tsx}').scanSync(ROOT)].sort();
const product = sources.filter((file) => !/\.test\.tsx?$/.test(file));

const roomOf = (file: string): string => file.split('/')[1]!;

/** The sub-room of a file; empty for the files that lie in the room itself. */
const subRoomOf = (file: string): string => file.split('/').slice(2, -1).join('/');

interface Import {
  /** Relative to the root. */
  readonly path: string;
  readonly isTypeOnly: boolean;
}

/** Files of ours that a file imports. */
const importsOf = (file: string): readonly Import[] => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(
    /(?:(?:import|export)\s+(type\s)?[^;'"]*?from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g,
  );
  return [...found].map(([, type, path]) => ({
    path: relative(ROOT, join(ROOT, dirname(file), path!)),
    isTypeOnly: type !== undefined,
  }));
};

describe('the import table', () => {
  test('every folder of src/ is a room, or a sub-room of one, that the table knows', () => {
    const known = Object.entries(ROOMS).flatMap(([room, { rooms = {} }]) => [
      `src/${room}`,
      ...Object.keys(rooms).map((subRoom) => `src/${room}/${subRoom}`),
    ]);
    expect([...new Set(sources.map((file) => dirname(file)))].sort()).toEqual(known.sort());
  });

  test('a room imports only the rooms that the table allows', () => {
    const wrong: string[] = [];
    for (const file of product) {
      const room = roomOf(file);
      const { imports, types = [] } = ROOMS[room]!;
      for (const { path, isTypeOnly } of importsOf(file)) {
        const allowed = path.startsWith('src/')
          ? [room, ...imports, ...(isTypeOnly ? types : [])].includes(roomOf(path))
          : isAsset(room, path);
        if (!allowed) wrong.push(`${file} imports ${path}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('a sub-room imports only the sub-rooms that the table of its room allows', () => {
    const wrong = product
      .filter((file) => subRoomOf(file) !== '')
      .flatMap((file) =>
        importsOf(file)
          .map(({ path }) => path)
          .filter((path) => path.startsWith(`src/${roomOf(file)}/`))
          .filter((path) => {
            const allowed = ROOMS[roomOf(file)]!.rooms![subRoomOf(file)]!;
            return !['', subRoomOf(file), ...allowed].includes(subRoomOf(path));
          })
          .map((path) => `${file} imports ${path}`),
      );
    expect(wrong).toEqual([]);
  });

  test('no import goes in a circle', () => {
    const graph = new Map(
      product.map((file) => [
        file,
        importsOf(file)
          .map(({ path }) => path)
          .filter((path) => product.includes(path)),
      ]),
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

describe('docs/architecture.md', () => {
  const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const namesIn = (cell: string): string[] => [
    ...(cell.includes('the ground') ? GROUND : []),
    ...[...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
  ];
  /** The rows below a header, each as the names in its cells. */
  const rowsBelow = (header: string): string[][][] =>
    text
      .split(`${header}\n`)[1]!
      .split('\n\n')[0]!
      .split('\n')
      .slice(1)
      .map((row) => row.split('|').slice(1, -1).map(namesIn));

  test('shows what each room may import', () => {
    const shown = rowsBelow('| room | may import | and types of |').map(
      ([room, imports, types]) => [room![0], { imports, types }],
    );
    const held = Object.entries(ROOMS).map(([room, { imports, types = [] }]) => [
      room,
      { imports, types },
    ]);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(held));
  });

  test('shows what each sub-room may import', () => {
    const shown = rowsBelow(
      '| sub-room | may import, beside itself and the files of its room |',
    ).map(([subRoom, imports]) => [subRoom![0], imports]);
    const held = Object.entries(ROOMS)
      .flatMap(([room, { rooms = {} }]) =>
        Object.entries(rooms).map(([subRoom, imports]) => [`${room}/${subRoom}`, imports] as const),
      )
      .filter(([, imports]) => imports.length > 0);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(held));
  });
});

describe('the files', () => {
  test('no folder holds more files than a reader takes in at once', () => {
    const count = new Map<string, number>();
    for (const file of product) count.set(dirname(file), (count.get(dirname(file)) ?? 0) + 1);
    expect([...count].filter(([, nFiles]) => nFiles > FOLDER_LIMIT)).toEqual([]);
  });

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
