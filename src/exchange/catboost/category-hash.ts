/**
 * The number by which CatBoost knows a category: the low half of CityHash64 (version 1.0) of its text.
 * @source https://github.com/google/cityhash, version 1.0; catboost/libs/cat_feature/cat_feature.cpp
 */

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const K3 = 0xc949d7c7509e6557n;
const MULTIPLIER = 0x9ddfea08eb382d69n;

/** As int32, which is how models keep it. */
export const hashCategory = (text: string): number => Number(BigInt.asIntN(32, cityHash64(text)));

const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const rotate = (x: bigint, by: bigint): bigint => u64((x >> by) | (x << (64n - by)));
const mix = (x: bigint): bigint => x ^ (x >> 47n);

/** Two halves of 64 bits into one. */
const join = (low: bigint, high: bigint): bigint => {
  const a = mix(u64((low ^ high) * MULTIPLIER));
  return u64(mix(u64((high ^ a) * MULTIPLIER)) * MULTIPLIER);
};

const cityHash64 = (text: string): bigint => {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= 16) return hashShort(bytes);
  if (bytes.length <= 32) return hashMiddle(bytes);
  return bytes.length <= 64 ? hashLong(bytes) : hashVeryLong(bytes);
};

const hashShort = (bytes: Buffer): bigint => {
  const { length } = bytes;
  const size = BigInt(length);
  if (length > 8) {
    const [a, b] = [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(length - 8)];
    return join(a, rotate(u64(b + size), size)) ^ b;
  }
  if (length >= 4) {
    const [a, b] = [BigInt(bytes.readUInt32LE(0)), BigInt(bytes.readUInt32LE(length - 4))];
    return join(u64(size + (a << 3n)), b);
  }
  if (length === 0) return K2;
  const y = BigInt(bytes[0]! + (bytes[length >> 1]! << 8));
  const z = BigInt(length + (bytes[length - 1]! << 2));
  return u64(mix(u64(y * K2) ^ u64(z * K3)) * K2);
};

/** 17 to 32 bytes. */
const hashMiddle = (bytes: Buffer): bigint => {
  const { length } = bytes;
  const a = u64(bytes.readBigUInt64LE(0) * K1);
  const b = bytes.readBigUInt64LE(8);
  const c = u64(bytes.readBigUInt64LE(length - 8) * K2);
  const d = u64(bytes.readBigUInt64LE(length - 16) * K0);
  return join(
    u64(rotate(u64(a - b), 43n) + rotate(c, 30n) + d),
    u64(a + rotate(b ^ K3, 20n) - c + BigInt(length)),
  );
};

/** 33 to 64 bytes. */
const hashLong = (bytes: Buffer): bigint => {
  const { length } = bytes;
  const word = (at: number): bigint => bytes.readBigUInt64LE(at < 0 ? length + at : at);
  const half = (start: bigint, at: number, last: bigint): readonly [bigint, bigint] => {
    let a = start;
    let b = rotate(u64(a + last), 52n);
    let c = rotate(a, 37n);
    a = u64(a + word(at + 8));
    c = u64(c + rotate(a, 7n));
    a = u64(a + word(at + 16));
    b = u64(b + rotate(a, 31n) + c);
    return [u64(a + last), b];
  };
  const [vf, vs] = half(u64(word(0) + u64(u64(BigInt(length) + word(-16)) * K0)), 0, word(24));
  const [wf, ws] = half(u64(word(16) + word(-32)), length - 32, word(-8));
  const r = mix(u64(u64(u64(vf + ws) * K2) + u64(u64(wf + vs) * K0)));
  return u64(mix(u64(u64(r * K0) + vs)) * K2);
};

/** 32 bytes into a pair. */
const hashPart = (bytes: Buffer, at: number, seedA: bigint, seedB: bigint): [bigint, bigint] => {
  const [w, x, y, z] = [0, 8, 16, 24].map((i) => bytes.readBigUInt64LE(at + i)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  let a = u64(seedA + w);
  let b = rotate(u64(seedB + a + z), 21n);
  const c = a;
  a = u64(a + x + y);
  b = u64(b + rotate(a, 44n));
  return [u64(a + z), u64(b + c)];
};

const hashVeryLong = (bytes: Buffer): bigint => {
  const { length } = bytes;
  let x = bytes.readBigUInt64LE(0);
  let y = bytes.readBigUInt64LE(length - 16) ^ K1;
  let z = bytes.readBigUInt64LE(length - 56) ^ K0;
  let v = hashPart(bytes, length - 64, BigInt(length), y);
  let w = hashPart(bytes, length - 32, u64(BigInt(length) * K1), K0);
  z = u64(z + u64(mix(v[1]) * K1));
  x = u64(rotate(u64(z + x), 39n) * K1);
  y = u64(rotate(y, 33n) * K1);
  const end = (length - 1) & ~63;
  for (let at = 0; at < end; at += 64) {
    x = u64(rotate(u64(x + y + v[0] + bytes.readBigUInt64LE(at + 16)), 37n) * K1);
    y = u64(rotate(u64(y + v[1] + bytes.readBigUInt64LE(at + 48)), 42n) * K1);
    x ^= w[1];
    y ^= v[0];
    z = rotate(z ^ w[0], 33n);
    v = hashPart(bytes, at, u64(v[1] * K1), u64(x + w[0]));
    w = hashPart(bytes, at + 32, u64(z + w[1]), y);
    [x, z] = [z, x];
  }
  return join(u64(join(v[0], w[0]) + u64(mix(y) * K1) + z), u64(join(v[1], w[1]) + x));
};
