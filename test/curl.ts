/**
 * curl for a machine that has none: an address, `-s`, `-H` and `-d`, which is all that the walk of the README uses.
 */
const headers: Record<string, string> = {};
let url: string | undefined;
let body: string | undefined;
for (let args = process.argv.slice(2); args.length > 0; ) {
  const [arg, value, ...rest] = args;
  if (arg === '-H') {
    const colon = value!.indexOf(':');
    headers[value!.slice(0, colon)] = value!.slice(colon + 1).trim();
    args = rest;
  } else if (arg === '-d') {
    body = value!;
    args = rest;
  } else {
    if (!arg!.startsWith('-')) url = arg!;
    else if (arg !== '-s') throw new Error(`the tests' curl does not know ${arg}`);
    args = args.slice(1);
  }
}
const response = await fetch(url!, body === undefined ? {} : { method: 'POST', headers, body });
process.stdout.write(await response.text());

export {};
