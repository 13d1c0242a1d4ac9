import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { itemFromEnd, itemsOf, partsOf } from './field-list.ts';

test('an item from the end is the one that a whole list has there', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('', ' ', 'a', ' b '), { maxLength: 6 }).map((items) => items.join()),
      fc.integer({ min: 1, max: 8 }),
      (list, place) => {
        expect(itemFromEnd(list, place)).toBe(list.split(',').at(-place)?.trim());
      },
    ),
  );
});

test('a list is read no further than anybody would write it', () => {
  expect(itemsOf(' a,b ; q=1,')).toEqual(['a', 'b ; q=1', '']);
  expect(itemsOf(','.repeat(16_000))).toHaveLength(32);
  expect(partsOf('b ; q=1')).toEqual(['b', 'q=1']);
  expect(partsOf(';'.repeat(16_000))).toHaveLength(8);
});
