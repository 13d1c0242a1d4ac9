/**
 * Files of flights as a plan of departures: every row counts that has a day, an hour and airports, cancelled or not.
 */
import type { PlannedFlights } from '../../core/around/departure-plan.ts';
import { AppError } from '../../core/errors.ts';
import { findFiles } from '../reading/files.ts';
import { openSources } from '../reading/opening.ts';
import { blameFile } from '../reading/source.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { NO_MINUTES, openFlights, plainColumn, project, wantedOf } from './projection.ts';

/**
 * Flights from an airport to another in an hour, from all files.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken, columns-unknown
 * @cost one pass that keeps no row
 */
export const loadPlan = async (
  patterns: readonly string[],
  options: ReadingOptions = {},
): Promise<readonly PlannedFlights[]> => {
  const wanted = wantedOf(options);
  const database = await openFlights(options);
  try {
    const { connection } = database;
    const flights: PlannedFlights[] = [];
    for (const file of findFiles(patterns))
      for (const source of await openSources(database, file, wanted)) {
        const { fields, select } = await project(connection, source, { wanted, labelled: false });
        const lacking = (['origin', 'destination'] as const).filter(
          (name) => !fields.includes(name),
        );
        if (lacking.length > 0)
          throw new AppError(
            'columns-unknown',
            `${source.file}: a plan of departures needs ${lacking.join(' and ')}, which its columns do not give`,
          );
        const columns = (['origin', 'destination', 'scheduledDeparture'] as const).map(plainColumn);
        const reader = await blameFile(source.file, () =>
          connection.runAndReadAll(`
            SELECT origin, destination, floor(scheduledDeparture / 60)::INTEGER AS hour, count(*)::INTEGER
            FROM (SELECT ${columns.join(', ')} FROM (${select}))
            WHERE scheduledDeparture <> ${NO_MINUTES} GROUP BY ALL ORDER BY ALL`),
        );
        for (const [origin, destination, hour, nFlights] of reader.getRows())
          flights.push({
            origin: String(origin),
            destination: String(destination),
            hour: Number(hour),
            nFlights: Number(nFlights),
          });
      }
    return flights;
  } finally {
    database.close();
  }
};
