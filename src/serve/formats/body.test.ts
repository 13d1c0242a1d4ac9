import { expect, test } from 'bun:test';
import { mediaTypeOf } from './body.ts';

const typeOf = (header: string | null): string => {
  try {
    return mediaTypeOf({ header: () => header });
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test.each([
  [null, ''],
  ['application/json', 'application/json'],
  [' Application/JSON ; charset="utf-8"', 'application/json'],
  ['multipart/form-data; boundary="a,b\\",c"', 'multipart/form-data'],
  ['multipart/form-data; boundary="a,b" ; charset=utf-8', 'multipart/form-data'],
  ['application/json, application/json', 'type-unsupported'],
  ['application/json; a=b, text/plain', 'type-unsupported'],
  ['application/json; a="b", text/plain; c="d"', 'type-unsupported'],
  ['application/json; a="b, text/plain', 'type-unsupported'],
  ['application/json; a="b"c, text/plain; d="', 'type-unsupported'],
  [', application/json', 'type-unsupported'],
  ['application/json; a=b,', 'type-unsupported'],
])('the type of a body that comes as %j is %s', (header, type) => {
  expect(typeOf(header)).toBe(type);
});
