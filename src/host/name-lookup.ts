/**
 * Names of hosts to addresses, as whoever opens a port needs them: at once, by the resolver of the C library.
 */
import { FFIType, ptr, read, toArrayBuffer } from 'bun:ffi';
import { openCLibrary } from './c-library.ts';
import { AF_INET6, encodeAddress, type SocketAddress } from './socket-address.ts';

const { i32, ptr: pointer } = FFIType;
const SYMBOLS = {
  getaddrinfo: { args: [pointer, pointer, pointer, pointer], returns: i32 },
  freeaddrinfo: { args: [pointer], returns: FFIType.void },
} as const;

/** Where the members of `struct addrinfo` are: the same in both C libraries on processors of 64 bits. */
const [SOCKTYPE_AT, LENGTH_AT, ADDRESS_AT, NEXT_AT, HINTS_BYTES] = [8, 16, 24, 40, 48];
const AI_PASSIVE = 1;
const SOCK_STREAM = 1;

/** The addresses that a port is opened at: what is one already, or those of a name, of version 6 first. */
export const addressesOf = (host: string, port: number): readonly SocketAddress[] => {
  const address = encodeAddress(host, port);
  if (address) return [address];
  const c = openCLibrary(SYMBOLS);
  if (!c) return [];
  const hints = new Int32Array(HINTS_BYTES / 4);
  hints[0] = AI_PASSIVE;
  hints[SOCKTYPE_AT / 4] = SOCK_STREAM;
  const first = new BigUint64Array(1);
  const [name, service] = [Buffer.from(`${host}\0`), Buffer.from(`${port}\0`)];
  if (c.getaddrinfo(name, service, hints, first) !== 0) return [];
  const list = read.ptr(ptr(first), 0) as Pointer;
  const found: SocketAddress[] = [];
  for (let at = list; at; at = read.ptr(at, NEXT_AT) as Pointer) {
    const of = read.ptr(at, ADDRESS_AT) as Pointer;
    // A copy: the list is given back.
    const bytes = new Uint8Array(toArrayBuffer(of, 0, read.u32(at, LENGTH_AT)).slice(0));
    found.push({ family: new Uint16Array(bytes.buffer, 0, 1)[0]!, bytes });
  }
  c.freeaddrinfo(list);
  return found.sort((a, b) => Number(b.family === AF_INET6) - Number(a.family === AF_INET6));
};

type Pointer = ReturnType<typeof ptr>;
