/**
 * The engine that compiles this program while it runs, and how eagerly.
 *
 * It compiles a loop once more, as well as it can, when the loop has run some tens of thousands of times. That suits a
 * service, which runs the same code for weeks. A command that goes once over many flights runs a hundred such loops for
 * some milliseconds each, and on two processors the compiler takes more time than its code saves.
 */
import { readFileSync } from 'node:fs';
import { FFIType, ptr } from 'bun:ffi';
import { openCLibrary } from './c-library.ts';

/** The engine reads it once, when the process begins. */
const OPTION = 'BUN_JSC_thresholdForFTLOptimizeAfterWarmUp';
/** Sixteen times the engine's own number: loops that run for a second are compiled, and few others. */
const PATIENT = '1000000';

/** What a process that goes once over many flights begins with. */
export const PATIENT_ENGINE = { [OPTION]: PATIENT } as const;

/**
 * Begins this process once more, with the same words and the same number, by an engine that compiles less. To be called
 * before anything is read or opened. Returns where the process has begun so already, where whoever started it chose
 * another number, and where the system cannot.
 */
export const beginWithPatientEngine = (): void => {
  const chosen = process.env[OPTION];
  if (chosen === PATIENT) {
    // What this process starts are services.
    delete process.env[OPTION];
    return;
  }
  if (chosen !== undefined) return;
  const words = ownWords();
  const calls = openCLibrary({
    execve: { args: [FFIType.ptr, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  });
  if (words === undefined || calls === undefined) return;
  const held: Uint8Array[] = [];
  const textOf = (text: string): Uint8Array => {
    const bytes = new TextEncoder().encode(`${text}\0`);
    held.push(bytes);
    return bytes;
  };
  /** Texts as C takes a list of them: pointers, the last one null. */
  const listOf = (texts: readonly string[]): BigUint64Array =>
    BigUint64Array.from([...texts.map((text) => BigInt(ptr(textOf(text)))), 0n]);
  const setting = Object.entries({ ...process.env, ...PATIENT_ENGINE });
  const environment = listOf(setting.map((pair) => pair.join('=')));
  // Comes back only where it fails.
  calls.execve(textOf(process.execPath), listOf(words), environment);
  held.length = 0;
};

/** The words that this process was started with, those of the runtime included. */
const ownWords = (): readonly string[] | undefined => {
  try {
    return readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
  } catch {
    return undefined;
  }
};
