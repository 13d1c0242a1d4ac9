/**
 * What a profile says: the record that its page, its text and its comparisons are made from.
 */
import type { RejectExample } from '../../core/table.ts';
import type { SourceColumn } from './columns.ts';
import type { Duplicates } from './duplicates.ts';
import type { Group } from './groups.ts';

export interface Profile {
  readonly files: readonly string[];
  readonly dialect: string;
  readonly target: 'arrival' | 'departure';
  readonly lateMinutes: number;
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  /** Rows that cannot be used, by reason; sums to `rows.rejected`. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Up to three of each reason. */
  readonly examples: Readonly<Record<string, readonly RejectExample[]>>;
  /** Rows that are used although something about them is odd, counted by what. */
  readonly remarks: Readonly<Record<string, number>>;
  /** Columns that the dialect does not read. */
  readonly unused: readonly string[];
  /** How the files were read where it could have been otherwise, a sentence each. */
  readonly notes: readonly string[];
  readonly duplicates: Duplicates;
  /** What a reader must not overlook, a sentence each. */
  readonly warnings: readonly string[];
  readonly columns: readonly SourceColumn[];
  /** The first rows as they stand in the files. */
  readonly samples: readonly Readonly<Record<string, string>>[];
  readonly days: { readonly first: string; readonly last: string; readonly withFlights: number };
  readonly delay: {
    readonly late: number;
    readonly meanMinutes: number;
    /** Minutes at levels of the distribution. */
    readonly quantiles: readonly { readonly level: number; readonly minutes: number }[];
    /** Flights by delay, bins of ten minutes from -60 to 300, the ends open. */
    readonly histogram: readonly { readonly fromMinutes: number; readonly flights: number }[];
  };
  readonly byHour: readonly Group[];
  readonly byWeekday: readonly Group[];
  readonly byMonth: readonly Group[];
  readonly byDay: readonly Group[];
  readonly byAirline: readonly Group[];
  readonly byOrigin: readonly Group[];
  readonly byDestination: readonly Group[];
  readonly byRoute: readonly Group[];
  /** Share that was late, row-major, shape (7 weekdays from Monday, 24 hours); null where nothing flew. */
  readonly lateByWeekdayAndHour: readonly (number | null)[];
}
