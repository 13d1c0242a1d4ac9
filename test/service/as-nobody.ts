/**
 * Runs a command as a container runs it that may do nothing special: as user 65534, without groups, without capabilities
 * and without a way to get any: `bun as-nobody.ts COMMAND...`, by root. Where that user may not read the project (it lies
 * in root's home), the user stays root, of whom nothing is left but the name.
 */
import { dlopen, FFIType, ptr } from 'bun:ffi';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

const NOBODY = 65534;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const N_CAPABILITIES = 64;
const OTHERS_MAY_ENTER = 0o001;

/** Whether every folder above a file lets everybody in. */
const isOpenToAll = (path: string): boolean => {
  const above = dirname(path);
  return above === path || ((statSync(above).mode & OTHERS_MAY_ENTER) !== 0 && isOpenToAll(above));
};

const { i32, u32, u64, ptr: pointer } = FFIType;
const c = dlopen(`libc.so.6`, {
  prctl: { args: [i32, u64, u64, u64, u64], returns: i32 },
  setgroups: { args: [u64, u64], returns: i32 },
  setresgid: { args: [u32, u32, u32], returns: i32 },
  setresuid: { args: [u32, u32, u32], returns: i32 },
  execv: { args: [pointer, pointer], returns: i32 },
}).symbols;

const must = (what: string, result: number): void => {
  if (result !== 0) throw new Error(`${what} failed: this needs root`);
};

for (let capability = 0; capability < N_CAPABILITIES; capability++)
  c.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
must('prctl', c.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
if (isOpenToAll(process.execPath) && isOpenToAll(import.meta.path)) {
  must('setgroups', c.setgroups(0, 0));
  must('setresgid', c.setresgid(NOBODY, NOBODY, NOBODY));
  must('setresuid', c.setresuid(NOBODY, NOBODY, NOBODY));
}
const words = process.argv.slice(2).map((word) => Buffer.from(`${word}\0`));
const argv = BigUint64Array.from([...words.map((word) => BigInt(ptr(word))), 0n]);
must('execv', c.execv(ptr(words[0]!), ptr(argv)));
