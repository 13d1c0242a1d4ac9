/**
 * Compiles the program into one executable that serves, stress-tests and reads models, with nothing beside it.
 *   npm run compile -- [FILE]        by default dist/puntual
 *
 * DuckDB, 70 MB of C++ that only the readers of flight files need, stays out; `flights/database.ts` says so when they
 * are asked for. The runtime inside chooses its code by the processor that it finds, so one file runs on any x64 one.
 */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { docsScript, pageScript } from '../web/scripts.ts';

const ROOT = join(import.meta.dir, '..');
const outfile = resolve(process.argv[2] ?? join(ROOT, 'dist/puntual'));

const [page, docs] = await Promise.all([pageScript(), docsScript()]);

const built = await Bun.build({
  entrypoints: [join(ROOT, 'src/cli/compiled.ts')],
  target: 'bun',
  format: 'esm',
  bytecode: true,
  minify: { whitespace: true, syntax: true, identifiers: false },
  // What lies in the folder where it is started is nobody's business of a service.
  compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
  plugins: [
    {
      name: 'scripts of the page, made now',
      setup: (build) => {
        build.onLoad({ filter: /\/web\/scripts\.ts$/ }, () => ({
          contents: `export const pageScript = async () => ${JSON.stringify(page)};
            export const docsScript = async () => ${JSON.stringify(docs)};`,
          loader: 'js',
        }));
      },
    },
    {
      name: 'no database',
      setup: (build) => {
        build.onResolve({ filter: /^@duckdb\// }, ({ path }) => ({ path, namespace: 'absent' }));
        build.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
          contents: 'module.exports = {};',
          loader: 'js',
        }));
      },
    },
  ],
});
if (!built.success) throw new AggregateError(built.logs, 'the program cannot be compiled');
process.stdout.write(`${outfile}  ${(statSync(outfile).size / 1e6).toFixed(1)} MB\n`);
