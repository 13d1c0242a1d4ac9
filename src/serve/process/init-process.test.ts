import { expect, test } from 'bun:test';
import { join } from 'node:path';

/** A process that orphans come to, as to process 1, with a child of its own whose exit code it still wants to know. */
const SCRIPT = `
import { FFIType } from 'bun:ffi';
import { openCLibrary } from '${join(import.meta.dir, '../../host/c-library.ts')}';
import { actAsInit } from '${join(import.meta.dir, 'init-process.ts')}';
import { readdirSync, readFileSync } from 'node:fs';
const PR_SET_CHILD_SUBREAPER = 36;
const { i32, u64 } = FFIType;
openCLibrary({ prctl: { args: [i32, u64, u64, u64, u64], returns: i32 } }).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
const own = new Set();
const start = (command) => {
  const child = Bun.spawn(['sh', '-c', command]);
  own.add(child.pid);
  return child;
};
const states = () => readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).flatMap((pid) => {
  try {
    const text = readFileSync('/proc/' + pid + '/stat', 'latin1');
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(parent) === process.pid && !own.has(Number(pid)) ? [state] : [];
  } catch { return []; }
});

const codes = await Promise.all([1, 2, 3].map((code) => start('(exit 7) & (exit 8) & exit ' + code).exited));
while (states().length < 1) await Bun.sleep(5);
const seen = states();
const end = actAsInit((pid) => own.has(pid), { isInit: true, everyMs: 1 });
while (states().length > 0) await Bun.sleep(5);
const last = start('sleep 0.05; exit 9');
await last.exited;
end();
console.log(JSON.stringify({ codes, zombies: seen.includes('Z'), last: last.exitCode }));
`;

test('orphans that have ended are taken out of the table, and the end of own children stays with the runtime', async () => {
  const child = Bun.spawn([process.execPath, '-e', SCRIPT], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(JSON.parse(await new Response(child.stdout).text())).toEqual({
    codes: [1, 2, 3],
    zombies: true,
    last: 9,
  });
}, 180_000);
