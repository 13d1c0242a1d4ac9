import { expect, test } from 'bun:test';
import { encodeAddress, encodePath, hostIn, portIn } from './socket-address.ts';

const hexOf = (host: string): string | undefined =>
  encodeAddress(host, 0x1f90) && Buffer.from(encodeAddress(host, 0x1f90)!.bytes).toString('hex');

test.each([
  ['127.0.0.1', '02001f907f0000010000000000000000'],
  ['::1', '0a001f90000000000000000000000000000000000000000100000000'],
  ['::', '0a001f90000000000000000000000000000000000000000000000000'],
  ['2001:db8::8:800:200c:417a', '0a001f900000000020010db80000000000080800200c417a00000000'],
  ['fe80::', '0a001f9000000000fe80000000000000000000000000000000000000'],
  ['::ffff:192.0.2.33', '0a001f900000000000000000000000000000ffffc000022100000000'],
  ['1:2:3:4:5:6:7:8', '0a001f90000000000001000200030004000500060007000800000000'],
  ['fe80::1%lo', undefined],
  ['localhost', undefined],
])('the address %s, port 8080, as connect(2) takes it', (host, hex) => {
  expect(hexOf(host)).toBe(hex as string);
});

test('a path as connect(2) takes it, unless it is too long or abstract', () => {
  expect(Buffer.from(encodePath('/a')!.bytes).toString('hex')).toBe('01002f6100');
  expect(encodePath('x'.repeat(107))?.bytes.length).toBe(110);
  expect(encodePath('x'.repeat(108))).toBeUndefined();
  expect(encodePath('\0name')).toBeUndefined();
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['::1', '::1'],
  ['::', '::'],
  ['2001:DB8:0:0:8:0:0:417a', '2001:db8::8:0:0:417a'],
  ['2001:db8:0:0:1:0:0:0', '2001:db8:0:0:1::'],
  ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1:2:3:4:5'],
  ['::ffff:192.0.2.33', '::ffff:192.0.2.33'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
])('the address %s is written %s', (host, written) => {
  const { bytes } = encodeAddress(host, 0x1f90)!;
  expect({ host: hostIn(bytes), port: portIn(bytes) }).toEqual({ host: written, port: 8080 });
});

test('a path has no host and no port', () => {
  const { bytes } = encodePath('/a')!;
  expect({ host: hostIn(bytes), port: portIn(bytes) }).toEqual({ host: '', port: 0 });
});
