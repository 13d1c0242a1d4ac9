/**
 * Who may control the service (reload, rollback): on a loopback address whoever reaches it, elsewhere the holder of a
 * token. Browsers never: a page that somebody visits reaches the loopback address too, by its own name (`Origin`) or by
 * a name that was made to lead there (`Host`).
 */
import { isIPv6 } from 'node:net';
import { AppError } from '../../core/errors.ts';
import { readRegularFile } from '../../core/files/regular-file.ts';
import { isLoopback } from './ports.ts';

/** Lets a request pass or refuses it. @throws AppError key-missing, key-refused */
export type ControlGuard = (header: (name: string) => string | null) => void;

interface ControlSetting {
  /** The address that the port listens on. */
  readonly host: string;
  /** Holds the token; read at every use, so that it can be changed. */
  readonly tokenFile: string | undefined;
}

const MIN_TOKEN_LENGTH = 16;
const TOKEN_FILE_LIMIT_BYTES = 4096;

/** The token in a file, without blanks at its ends. @throws AppError file-missing, file-unreadable, usage */
export const readToken = (path: string): string => {
  const token = readRegularFile(path, TOKEN_FILE_LIMIT_BYTES).toString('utf8').trim();
  if (token.length < MIN_TOKEN_LENGTH)
    throw new AppError(
      'usage',
      `${path} must hold a token of ${MIN_TOKEN_LENGTH} characters or more`,
    );
  if (!/^[!-~]+$/.test(token))
    throw new AppError(
      'usage',
      `${path} must hold one token of ASCII characters without blanks: no request could bring this one`,
    );
  return token;
};

/** While the file is wrong nobody has the token, whoever asks. @throws AppError key-refused */
const readTokenAgain = (path: string): string => {
  try {
    return readToken(path);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('key-refused', `no token is accepted now: ${error.message}`);
  }
};

export const buildControlGuard = ({ host, tokenFile }: ControlSetting): ControlGuard => {
  const digestOf = (text: string): Buffer => new Bun.CryptoHasher('sha256').update(text).digest();
  return (header) => {
    if (header('origin') !== null || isFromPage(header('sec-fetch-site')))
      throw new AppError('key-refused', 'pages in a browser may not control the service');
    if (tokenFile !== undefined) {
      const presented = /^Bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1];
      if (presented === undefined)
        throw new AppError('key-missing', 'a token is needed: Authorization: Bearer TOKEN');
      if (!crypto.timingSafeEqual(digestOf(presented), digestOf(readTokenAgain(tokenFile))))
        throw new AppError('key-refused', 'the token is not the one in --control-token-file');
      return;
    }
    if (!isLoopback(host))
      throw new AppError(
        'key-refused',
        `reload and rollback are refused on ${host}: use a loopback address, or start with --control-token-file`,
      );
    const name = hostNameOf(header('host') ?? '');
    if (!isLoopback(name))
      throw new AppError(
        'key-refused',
        name === ''
          ? 'the Host header must name the loopback address that is called'
          : `the Host header names ${name.slice(0, 100)}, which is not a loopback address`,
      );
  };
};

const isFromPage = (site: string | null): boolean => site !== null && site !== 'none';

/** `localhost` of `localhost:8081`, `::1` of `[::1]:8081`; what is neither, whole. */
const hostNameOf = (field: string): string => {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(field)?.[1];
  if (bracketed !== undefined) return isIPv6(bracketed) ? bracketed : field;
  // An address with several colons and no brackets has no port.
  return /:.*:/.test(field) ? field : field.replace(/:\d*$/, '');
};
