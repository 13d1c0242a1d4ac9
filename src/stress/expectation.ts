/**
 * What a right answer is, as text: statuses, and what its body must hold.
 */
import { AppError } from '../core/errors.ts';
import type { BodyExpectation } from './messages.ts';

/** `200,201`. @throws AppError usage */
export const parseStatuses = (text: string): readonly number[] =>
  text.split(',').map((part) => {
    const status = Number(part.trim());
    if (!/^\s*[1-5]\d\d\s*$/.test(part)) {
      throw new AppError('usage', `--expect-status '${text}': '${part}' is not a status.`);
    }
    return status;
  });

/** A text, `/a pattern/flags`, or `json:path.to.it=value`. @throws AppError usage */
export const parseBodyExpectation = (text: string): BodyExpectation => {
  const json = /^json:([^=]+)=(.*)$/s.exec(text);
  if (json) {
    const path = json[1]!
      .trim()
      .replaceAll(/\[(\d+)\]/g, '.$1')
      .split('.');
    return { kind: 'json', path: path.filter((name) => name !== ''), value: json[2]!.trim() };
  }
  if (text.startsWith('json:')) {
    throw new AppError(
      'usage',
      `--expect-body '${text}' names no value; 'json:path.to.it=value' is expected.`,
    );
  }
  const pattern = /^\/(.+)\/([a-z]*)$/s.exec(text);
  if (!pattern) return { kind: 'text', text };
  const [, source = '', flags = ''] = pattern;
  try {
    new RegExp(source, flags);
  } catch (cause) {
    throw new AppError('usage', `--expect-body '${text}' is not a pattern.`, { cause });
  }
  // A pattern that remembers where it was would look at every second answer only.
  return { kind: 'pattern', source, flags: flags.replaceAll(/[gy]/g, '') };
};
