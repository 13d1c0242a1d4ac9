/**
 * Requests of a HAR file, as browsers record them: those to one service, in their order.
 */
import { AppError } from '../../core/errors.ts';
import type { Payload } from './payload.ts';
import { pathOf, type Request } from './request.ts';

interface HarEntry {
  readonly request?: {
    readonly method?: string;
    readonly url?: string;
    readonly headers?: readonly { readonly name: string; readonly value: string }[];
    readonly postData?: { readonly text?: string };
  };
}

/** Headers that belong to the recorded connection, not to the request. */
const OF_CONNECTION =
  /^(?::.*|host|connection|content-length|transfer-encoding|upgrade|keep-alive|te|proxy-.*)$/i;
const CREDENTIALS = /^(?:cookie|authorization|proxy-authorization|x-api-key)$/i;

/** @param target the service that is stressed; requests that were recorded of another lose what says who asked */
export const requestsOfHar = (path: string, text: string, target: URL): Payload => {
  const all = readEntries(path, text);
  const origins = new Map<string, number>();
  for (const { url } of all) origins.set(url.origin, (origins.get(url.origin) ?? 0) + 1);
  const origin = origins.has(target.origin)
    ? target.origin
    : [...origins].sort(([, a], [, b]) => b - a)[0]![0];
  const isOther = origin !== target.origin;
  const chosen = all.filter(({ url }) => url.origin === origin);
  const requests = chosen.map(({ method, url, headers, body }): Request => {
    const kept = headers.filter(
      ([name]) => !OF_CONNECTION.test(name) && !(isOther && CREDENTIALS.test(name)),
    );
    return { name: `${method} ${url.pathname}`, method, path: pathOf(url), headers: kept, body };
  });
  const left = all.length - chosen.length;
  const also = [
    ...(left > 0 ? [`${left} to other services left out`] : []),
    ...(isOther ? [`recorded of ${origin}, without its cookies and keys`] : []),
  ];
  return {
    requests,
    sentence: `${requests.length.toLocaleString('en')} requests of ${path}${also.map((part) => `; ${part}`).join('')}`,
    model: undefined,
  };
};

const readEntries = (path: string, text: string) => {
  let entries: readonly HarEntry[] | undefined;
  try {
    entries = (JSON.parse(text) as { log?: { entries?: readonly HarEntry[] } }).log?.entries;
  } catch {}
  if (!Array.isArray(entries)) {
    throw new AppError('file-broken', `--har '${path}' is not a HAR file.`);
  }
  const found = (entries as readonly HarEntry[]).flatMap(({ request }) => {
    const { method, url, headers = [], postData } = request ?? {};
    if (method === undefined || url === undefined || !URL.canParse(url)) return [];
    if (!/^https?:/.test(url)) return [];
    return [
      {
        method: method.toUpperCase(),
        url: new URL(url),
        headers: headers.map(({ name, value }): [string, string] => [name, value]),
        body: postData?.text === undefined ? null : Buffer.from(postData.text),
      },
    ];
  });
  if (found.length === 0) throw new AppError('file-empty', `--har '${path}' holds no request.`);
  return found;
};
