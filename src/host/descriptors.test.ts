import { expect, test } from 'bun:test';
import { descriptorLimit } from './descriptors.ts';

test('reads the hard limit of descriptors', () =>
  expect(descriptorLimit('Max open files            1024                 524288      files')).toBe(
    524_288,
  ));
test('knows a system without a limit, and one that does not say', () => {
  expect(descriptorLimit('Max open files            1024                 unlimited   files')).toBe(
    Number.POSITIVE_INFINITY,
  );
  expect(
    descriptorLimit('Max cpu time              unlimited            unlimited   seconds'),
  ).toBe(1024);
});
