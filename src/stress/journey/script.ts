/**
 * The module of a journey: `export const journey = async ({ request, think }) => {...}`.
 */
import { loadScript } from '../payload/feeder.ts';
import type { Journey } from './user.ts';

/** The journey that a module exports; undefined where it exports none. @throws AppError usage, file-missing, file-unreadable */
export const readJourney = async (path: string): Promise<Journey | undefined> => {
  const { journey } = await loadScript(path);
  return typeof journey === 'function' ? (journey as Journey) : undefined;
};
