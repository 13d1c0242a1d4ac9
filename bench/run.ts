/**
 * `npm run bench [-- NAME...]`: runs the named benches, or lists them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const names = readdirSync(import.meta.dir)
  .filter(
    (file) =>
      file.endsWith('.ts') &&
      readFileSync(join(import.meta.dir, file), 'utf8').includes('printMachine('),
  )
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'run');
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));

if (wanted.length === 0 || unknown.length > 0) {
  for (const name of unknown) console.error(`there is no bench '${name}'`);
  console.log(`npm run bench -- NAME...   one or more of: ${names.join(', ')}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}
for (const name of wanted) {
  console.log(`\n## ${name}\n`);
  const { exitCode } = Bun.spawnSync([process.execPath, join(import.meta.dir, `${name}.ts`)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (exitCode !== 0) process.exit(exitCode);
}
