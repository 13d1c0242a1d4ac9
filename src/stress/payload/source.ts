/**
 * Requests that come from a file that somebody else wrote: recorded by a browser, logged by a service, or described.
 */
import { AppError } from '../../core/errors.ts';
import { readNamedFile } from '../../core/files/named-file.ts';
import { requestsOfLog } from './access-log.ts';
import { requestsOfHar } from './har.ts';
import { requestsOfOpenApi } from './openapi.ts';
import type { Payload } from './payload.ts';
import type { Request } from './request.ts';

export interface SourceFiles {
  readonly har?: string | undefined;
  readonly accessLog?: string | undefined;
  readonly openapi?: string | undefined;
  /** How much faster than it was a log is replayed. */
  readonly speed: number;
}

/** Undefined where no such file is given. @throws AppError usage, file-missing, file-broken, file-empty */
export const readSource = (
  { har, accessLog, openapi, speed }: SourceFiles,
  target: URL,
  headers: Request['headers'],
): Payload | undefined => {
  if ([har, accessLog, openapi].filter((file) => file !== undefined).length > 1) {
    throw new AppError('usage', 'Give one of --har, --access-log and --openapi.');
  }
  if (har !== undefined) return requestsOfHar(har, read('--har', har), target);
  if (accessLog !== undefined) {
    return requestsOfLog(accessLog, read('--access-log', accessLog), headers, speed);
  }
  if (openapi !== undefined) {
    return requestsOfOpenApi(openapi, read('--openapi', openapi), headers);
  }
  return undefined;
};

const read = (flag: string, path: string): string => {
  const bytes = readNamedFile(path, `${flag} '${path}'`);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString();
  try {
    return Buffer.from(Bun.gunzipSync(bytes)).toString();
  } catch (cause) {
    throw new AppError('file-broken', `${flag} '${path}' is cut off or damaged (gzip).`, { cause });
  }
};
