/**
 * A curl command line as a request: what browsers and colleagues copy and paste.
 */
import { AppError } from '../../core/errors.ts';
import { readNamedFile } from '../../core/files/named-file.ts';
import type { Payload } from './payload.ts';
import { parseHeader, pathOf } from './request.ts';

/** What a curl command asks for, in the words of this program's flags. */
interface CurlCommand {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly string[];
  /** Given to the service as it is. */
  readonly body?: string;
  readonly insecure: boolean;
  readonly follow: boolean;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly resolve: readonly string[];
  readonly unixSocket?: string;
}

/** Its one request. */
export const payloadOfCurl = ({ url, method, headers, body }: CurlCommand): Payload => {
  const path = pathOf(parseUrl(url));
  const sent = body === undefined ? null : Buffer.from(body);
  return {
    requests: [{ method, path, headers: headers.map(parseHeader), body: sent }],
    sentence: `${method} ${path}, as curl sends it${sent ? `, a body of ${sent.length} bytes` : ''}`,
    model: undefined,
  };
};

const parseUrl = (text: string): URL => {
  if (URL.canParse(text)) return new URL(text);
  throw new AppError('usage', `'${text}' of the curl command is not a URL.`);
};

export const isCurl = (text: string): boolean => /^\s*curl\s/.test(text);

/** Options with a value, by their meaning; the short one first. */
const WITH_VALUE: Readonly<Record<string, string>> = {
  '-X': 'method',
  '--request': 'method',
  '-H': 'header',
  '--header': 'header',
  '-d': 'data',
  '--data': 'data',
  '--data-ascii': 'data',
  '--data-raw': 'raw',
  '--data-binary': 'binary',
  '--data-urlencode': 'urlencode',
  '--json': 'json',
  '-u': 'user',
  '--user': 'user',
  '-A': 'agent',
  '--user-agent': 'agent',
  '-e': 'referer',
  '--referer': 'referer',
  '-b': 'cookie',
  '--cookie': 'cookie',
  '--url': 'url',
  '--cacert': 'cacert',
  '-E': 'cert',
  '--cert': 'cert',
  '--key': 'key',
  '--resolve': 'resolve',
  '--unix-socket': 'socket',
  '-o': 'nothing',
  '--output': 'nothing',
  '-w': 'nothing',
  '--write-out': 'nothing',
  '-m': 'nothing',
  '--max-time': 'nothing',
  '--connect-timeout': 'nothing',
};
const PLAIN: Readonly<Record<string, string>> = {
  '-G': 'get',
  '--get': 'get',
  '-I': 'head',
  '--head': 'head',
  '-k': 'insecure',
  '--insecure': 'insecure',
  '-L': 'follow',
  '--location': 'follow',
  '--compressed': 'compressed',
  '-s': 'nothing',
  '--silent': 'nothing',
  '-S': 'nothing',
  '--show-error': 'nothing',
  '-v': 'nothing',
  '--verbose': 'nothing',
  '-i': 'nothing',
  '--include': 'nothing',
  '-f': 'nothing',
  '--fail': 'nothing',
  '--http1.1': 'nothing',
};

const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded';

/** @throws AppError usage, file-missing */
export const parseCurl = (text: string): CurlCommand => {
  const found: [option: string, value: string][] = readOptions(splitWords(text).slice(1));
  const all = (option: string): string[] =>
    found.flatMap(([name, value]) => (name === option ? [value] : []));
  const has = (option: string): boolean => all(option).length > 0;
  const urls = all('url');
  if (urls.length !== 1) {
    throw new AppError('usage', `The curl command names ${urls.length} URLs; one is expected.`);
  }
  const headers = all('header');
  const names = new Set(headers.map((header) => header.split(':')[0]!.trim().toLowerCase()));
  const addDefault = (header: string): void => {
    if (!names.has(header.split(':')[0]!.toLowerCase())) headers.push(header);
  };
  const data = found.flatMap(([name, value]) => dataOf(name, value));
  const json = all('json').map((value) => readValue(value, false));
  if (json.length > 0) {
    addDefault('Content-Type: application/json');
    addDefault('Accept: application/json');
  }
  addDefault('Accept: */*');
  for (const value of all('user')) {
    addDefault(`Authorization: Basic ${Buffer.from(value).toString('base64')}`);
  }
  for (const value of all('agent')) addDefault(`User-Agent: ${value}`);
  for (const value of all('referer')) addDefault(`Referer: ${value}`);
  for (const value of all('cookie')) addDefault(`Cookie: ${value}`);
  if (has('compressed')) addDefault('Accept-Encoding: deflate, gzip, br');
  const url = urls[0]!.includes('://') ? urls[0]! : `http://${urls[0]}`;
  const isGet = has('get');
  if (data.length > 0 && !isGet) addDefault(FORM_TYPE);
  const body = json.length > 0 ? json.join('') : data.join('&');
  const hasBody = json.length > 0 || (data.length > 0 && !isGet);
  const method = all('method').at(-1) ?? (has('head') ? 'HEAD' : hasBody ? 'POST' : 'GET');
  const query = isGet && data.length > 0 ? `${url.includes('?') ? '&' : '?'}${data.join('&')}` : '';
  const last = (option: string, key: string): object =>
    has(option) ? { [key]: all(option).at(-1) } : {};
  return {
    url: url + query,
    method,
    headers,
    ...(hasBody ? { body } : {}),
    insecure: has('insecure'),
    follow: has('follow'),
    resolve: all('resolve'),
    ...last('cacert', 'cacert'),
    ...last('cert', 'cert'),
    ...last('key', 'key'),
    ...last('socket', 'unixSocket'),
  };
};

const readOptions = (given: readonly string[]): [string, string][] => {
  const words = [...given];
  const found: [string, string][] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith('-')) {
      found.push(['url', word]);
      continue;
    }
    const [name = '', joined] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    const plain = PLAIN[name];
    if (plain !== undefined) {
      found.push([plain, '']);
      continue;
    }
    const short = name.slice(0, 2);
    const isCluster = !name.startsWith('--') && name.length > 2;
    if (isCluster && PLAIN[short] !== undefined) {
      // -sSL: the first is one of its own, the others are looked at next.
      found.push([PLAIN[short]!, '']);
      words[i--] = `-${name.slice(2)}`;
      continue;
    }
    const option = WITH_VALUE[isCluster ? short : name];
    const value = isCluster ? name.slice(2) : (joined ?? words[++i]);
    if (option === undefined || value === undefined) {
      throw new AppError(
        'usage',
        `'${word}' of the curl command is not understood; give it as a flag of this command instead.`,
      );
    }
    found.push([option, value]);
  }
  return found;
};

const dataOf = (name: string, value: string): string[] => {
  switch (name) {
    case 'data':
      return [readValue(value, true)];
    case 'binary':
      return [readValue(value, false)];
    case 'raw':
      return [value];
    case 'urlencode': {
      const [, key = '', text = ''] = /^(?:([^=@]*)=)?(.*)$/s.exec(value) ?? [];
      return [`${key === '' ? '' : `${key}=`}${encodeURIComponent(text)}`];
    }
    default:
      return [];
  }
};

/** A value, or what the file after an @ holds. */
const readValue = (value: string, withoutBreaks: boolean): string => {
  if (!value.startsWith('@')) return value;
  const path = value.slice(1);
  const text = readNamedFile(path, `'${value}' of the curl command: ${path}`).toString('utf8');
  return withoutBreaks ? text.replaceAll(/[\r\n]/g, '') : text;
};

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Words as a shell splits them: quotes, backslashes, lines that go on. @throws AppError usage */
const splitWords = (text: string): string[] => {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '\\') {
      i++;
      if (text[i] === '\r' && text[i + 1] === '\n') i++;
      else if (text[i] !== '\n') word = (word ?? '') + (text[i] ?? '');
    } else if (character === "'" || character === '"') {
      const end = closingQuote(text, i + 1, character);
      const inside = text.slice(i + 1, end);
      word = (word ?? '') + (character === '"' ? inside.replaceAll(/\\(["\\$`])/g, '$1') : inside);
      i = end;
    } else if (character === '$' && text[i + 1] === "'") {
      let end = i + 2;
      while (end < text.length && text[end] !== "'") end += text[end] === '\\' ? 2 : 1;
      if (end >= text.length) throw openQuote();
      const inside = text.slice(i + 2, end);
      const plain = inside.replaceAll(
        /\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))/gs,
        unescapeAnsi,
      );
      word = (word ?? '') + plain;
      i = end;
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) words.push(word);
  return words;
};

const unescapeAnsi = (_: string, wide?: string, narrow?: string, letter?: string): string =>
  letter === undefined
    ? String.fromCharCode(Number.parseInt(wide ?? narrow ?? '0', 16))
    : (ESCAPES[letter] ?? letter);

const openQuote = (): AppError =>
  new AppError('usage', 'The curl command has a quote that is not closed.');

const closingQuote = (text: string, from: number, quote: string): number => {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\' && quote === '"') i++;
    else if (text[i] === quote) return i;
  }
  throw openQuote();
};
