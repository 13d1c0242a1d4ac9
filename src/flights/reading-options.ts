/**
 * What a user says of files that do not say it themselves: options that every reading of flights shares.
 */
import type { Dialect } from './dialects/dialect.ts';

export interface ReadingOptions {
  /** A dialect by name or in a file, or one that the caller holds; by default the columns decide. */
  readonly dialect?: string | Dialect | undefined;
  /** Which column is which field (see mapping.ts). */
  readonly map?: string | undefined;
  /** What stands before the fraction of a number, `.` or `,`. */
  readonly decimal?: string | undefined;
  /** How text is written, where its bytes do not say it: `windows-1252`. */
  readonly encoding?: string | undefined;
  /** Megabytes that reading may take, the database and ours together. */
  readonly memoryMb?: number | undefined;
  readonly threads?: number | undefined;
}
