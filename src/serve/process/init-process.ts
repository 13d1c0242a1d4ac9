/**
 * The duty of process 1 of a container: processes that others leave behind become its children, and stay in the table of
 * processes until it asks how they ended.
 */
import { FFIType, ptr } from 'bun:ffi';
import { openCLibrary } from '../../host/c-library.ts';

const P_ALL = 0;
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
/** Only look: the runtime itself asks for the end of those that it has started. */
const WNOWAIT = 0x1000000;
/** Where a siginfo_t names the process. @source Linux, include/uapi/asm-generic/siginfo.h, 64 bits */
const PID_OFFSET = 16;
const SIGINFO_BYTES = 128;
const REAP_MS = 1000;

/**
 * @param isOwn whether the runtime has started a process
 * @returns a function that takes the orphans that have ended out of the table; undefined where the system has no such call
 */
const buildReaper = (isOwn: (pid: number) => boolean): (() => void) | undefined => {
  const c = openCLibrary({
    waitid: {
      args: [FFIType.i32, FFIType.u32, FFIType.ptr, FFIType.i32],
      returns: FFIType.i32,
    },
  });
  if (!c) return undefined;
  const siginfo = new Uint8Array(SIGINFO_BYTES);
  const pid = new Int32Array(siginfo.buffer, PID_OFFSET, 1);
  const ended = (kind: number, id: number, options: number): number => {
    pid[0] = 0;
    return c.waitid(kind, id, ptr(siginfo), options | WEXITED | WNOHANG) === 0 ? pid[0]! : 0;
  };
  return () => {
    // One of our own that comes first is gone at the next turn: the runtime asks for it.
    for (let one = ended(P_ALL, 0, WNOWAIT); one !== 0; one = ended(P_ALL, 0, WNOWAIT)) {
      if (isOwn(one)) return;
      ended(P_PID, one, 0);
    }
  };
};

/** Takes on the duty if this is process 1. @returns a function that ends it */
export const actAsInit = (
  isOwn: (pid: number) => boolean,
  { isInit, everyMs } = { isInit: process.pid === 1, everyMs: REAP_MS },
): (() => void) => {
  const reap = isInit ? buildReaper(isOwn) : undefined;
  if (!reap) return () => {};
  const timer = setInterval(reap, everyMs);
  return () => clearInterval(timer);
};
