/**
 * Prepares a release; what is tagged is what this has written.
 *   bun scripts/release.ts               how flags and values differ from the last release
 *   bun scripts/release.ts 0.2.0         writes the version wherever it stands, the section of the changelog with that
 *                                        difference, and what the next release will be compared with
 * The version has one place, package.json; the other files repeat it, and test/release.test.ts holds them to it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { differenceOf, type Interface, readInterface } from './interface.ts';
import { FILES_WITH_VERSION, versionsIn, withVersion } from './version-files.ts';

const ROOT = join(import.meta.dir, '..');
const LAST = join(ROOT, 'scripts/released-interface.json');
const CHANGELOG = join(ROOT, 'CHANGELOG.md');

const last = JSON.parse(readFileSync(LAST, 'utf8')) as Interface;
const now = await readInterface();
const difference = differenceOf(last, now);
const [version] = process.argv.slice(2);

if (version === undefined) process.stdout.write(`${difference}\n`);
else if (!/^\d+\.\d+\.\d+$/.test(version)) {
  process.stderr.write(`release: '${version}' is no version; one such as 0.2.0 is expected\n`);
  process.exitCode = 2;
} else {
  for (const file of FILES_WITH_VERSION) {
    const path = join(ROOT, file);
    const text = readFileSync(path, 'utf8');
    if (versionsIn(file, text).length > 0) writeFileSync(path, withVersion(file, text, version));
  }
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(
    CHANGELOG,
    readFileSync(CHANGELOG, 'utf8').replace(
      /^## Unreleased\n([\s\S]*?)(?=^## |$(?![\s\S]))/m,
      (_, told: string) =>
        `## Unreleased\n\n## ${version} (${day})\n${told.trimEnd()}\n\n${difference}\n\n`,
    ),
  );
  writeFileSync(LAST, `${JSON.stringify(now, undefined, 2)}\n`);
  process.stdout.write(`${version} is written: look at CHANGELOG.md, commit, tag v${version}\n`);
}
