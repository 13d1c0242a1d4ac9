import { expect, test } from 'bun:test';
import { freePort } from './ports.ts';

test.each([
  ['--port', '--host'],
  ['--admin-port', '--admin-host'],
])('an address that this machine does not have is said with the flag of the host (%s)', (flag, says) => {
  // Of the addresses that are kept for documents, which no machine has.
  expect(() => freePort('192.0.2.1', 0, flag)).toThrow(
    `192.0.2.1 is no address of this machine: choose another with ${says}`,
  );
});
