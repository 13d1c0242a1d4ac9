/**
 * The shape of a profile, as `puntual profile --json` writes it.
 */

export interface ProfileGroup {
  readonly name: string;
  readonly flights: number;
  readonly late: number;
  readonly meanDelayMinutes: number;
}

export interface ProfileReport {
  readonly files: readonly string[];
  readonly dialect: string;
  readonly target: 'arrival' | 'departure';
  readonly lateMinutes: number;
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  readonly rejected: Readonly<Record<string, number>>;
  readonly columns: readonly {
    readonly name: string;
    readonly rows: number;
    readonly missing: number;
    readonly distinct: number;
    readonly kind: 'number' | 'text';
    readonly least: string | number | null;
    readonly most: string | number | null;
  }[];
  readonly days: { readonly first: string; readonly last: string; readonly withFlights: number };
  readonly delay: {
    readonly late: number;
    readonly meanMinutes: number;
    readonly quantiles: readonly { readonly level: number; readonly minutes: number }[];
    readonly histogram: readonly { readonly fromMinutes: number; readonly flights: number }[];
  };
  readonly byHour: readonly ProfileGroup[];
  readonly byWeekday: readonly ProfileGroup[];
  readonly byMonth: readonly ProfileGroup[];
  readonly byDay: readonly ProfileGroup[];
  readonly byAirline: readonly ProfileGroup[];
  readonly byOrigin: readonly ProfileGroup[];
  readonly byDestination: readonly ProfileGroup[];
  readonly byRoute: readonly ProfileGroup[];
  readonly lateByWeekdayAndHour: readonly (number | null)[];
}
