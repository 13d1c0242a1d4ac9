/**
 * What a service tells the manager that started it, systemd or one that speaks its protocol: lines of `NAME=value` in
 * datagrams to the Unix socket that NOTIFY_SOCKET names. The runtime has no such sockets, so the C library sends.
 * @source sd_notify(3), sd_watchdog_enabled(3), unix(7)
 */
import { openCLibrary } from './c-library.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const CLOCK_MONOTONIC = 1;
const FAMILY_BYTES = 2;
const PATH_LIMIT_BYTES = 108;

interface Manager {
  /** Best effort: a manager that is gone is nobody's loss. */
  readonly tell: (lines: Readonly<Record<string, string | number>>) => void;
  /** The manager's clock in microseconds, for MONOTONIC_USEC. */
  readonly monotonicMicros: () => number;
  /** How often it wants to hear WATCHDOG=1 at the latest; undefined: it does not ask. */
  readonly watchdogMs: number | undefined;
}

/**
 * Undefined where nobody listens. Takes the variables out of the environment: they are for this process, not for those
 * that it starts.
 */
export const openManager = (
  env: Record<string, string | undefined> = process.env,
): Manager | undefined => {
  const { NOTIFY_SOCKET: path, WATCHDOG_USEC: micros, WATCHDOG_PID: pid } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  const address = path === undefined ? undefined : addressOf(path);
  if (address === undefined) return undefined;
  const library = openCLibrary({
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
    clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' },
  });
  const descriptor = library?.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) ?? -1;
  if (!library || descriptor < 0) return undefined;
  const isOurs = pid === undefined || Number(pid) === process.pid;
  const watchdogMs = Number(micros) / 1000;
  return {
    tell: (lines) => {
      const text = Object.entries(lines).map(([name, value]) => `${name}=${value}`);
      const bytes = Buffer.from(text.join('\n'));
      library.sendto(descriptor, bytes, bytes.length, MSG_NOSIGNAL, address, address.length);
    },
    monotonicMicros: () => {
      const time = new BigInt64Array(2);
      library.clock_gettime(CLOCK_MONOTONIC, time);
      return Number(time[0]! * 1_000_000n + time[1]! / 1000n);
    },
    watchdogMs: isOurs && watchdogMs > 0 ? watchdogMs : undefined,
  };
};

/** A `sockaddr_un`: a path, or a name that begins with `@` and lies in no folder. */
const addressOf = (path: string): Buffer | undefined => {
  const name = Buffer.from(path);
  if (!/^[/@]./.test(path) || name.length >= PATH_LIMIT_BYTES) return undefined;
  if (path.startsWith('@')) name[0] = 0;
  const address = Buffer.alloc(FAMILY_BYTES + name.length + (path.startsWith('@') ? 0 : 1));
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, FAMILY_BYTES);
  return address;
};
