/**
 * What is wrong with a text that should be JSON, to stand after `... is not JSON: `: the engine's words without its name.
 */
export const jsonFault = (error: unknown): string =>
  (error as Error).message
    .replace(/^JSON Parse error: /, '')
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
