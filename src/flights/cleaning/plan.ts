/**
 * Files of flights as a plan of departures: every flight counts that has a moment, cancelled or not, and each once.
 */
import {
  PLANNED,
  type PlannedFlights,
  type PlannedNames,
} from '../../core/around/departure-plan.ts';
import { startRepeated } from '../../core/around/repeated-departures.ts';
import { AppError } from '../../core/errors.ts';
import { endOfRefusal } from '../../core/flight.ts';
import { chunksOf } from '../database.ts';
import { buildDictionary } from '../reading/dictionary.ts';
import { placedFiles } from '../reading/files.ts';
import { openSources } from '../reading/opening.ts';
import { blameFile, NULL_WORDS } from '../reading/source.ts';
import { CHUNK_ROWS, intsOf, textsOf } from '../reading/vectors.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { startPassedOver } from './companions.ts';
import { openFlights, plainColumn, project, wantedOf } from './projection.ts';

/**
 * Hands all flights of the files on, some at a time, in the same columns again and again.
 * @returns the names that their numbers stand for
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken, columns-unknown
 * @cost one pass that keeps no row
 */
export const readPlanned = async (
  patterns: readonly string[],
  options: ReadingOptions,
  onFlights: (flights: PlannedFlights, nRows: number) => void,
): Promise<PlannedNames> => {
  const wanted = wantedOf(options);
  const database = await openFlights(options);
  try {
    const { connection } = database;
    const named = [...PLANNED, 'flightNumber'] as const;
    const dictionaries = named.map(() => buildDictionary(NULL_WORDS));
    const columns = named.map(() => new Int32Array(CHUNK_ROWS));
    const [origin, destination, airline, tailNumber, flightNumber] = columns as [
      ...[Int32Array, Int32Array, Int32Array, Int32Array, Int32Array],
    ];
    const minutes = new Int32Array(CHUNK_ROWS);
    const repeated = startRepeated();
    const passedOver = startPassedOver();
    for (const [file, isFromFolder] of placedFiles(patterns))
      for (const source of await openSources(database, file, wanted)) {
        const projection = await passedOver.unless(source, isFromFolder, () =>
          project(connection, source, { wanted, labelled: false }),
        );
        if (projection === undefined) continue;
        const { fields, select } = projection;
        if (!fields.includes('origin'))
          throw new AppError(
            'columns-unknown',
            `${source.file}: a plan of departures needs origin, which its columns do not give${endOfRefusal(projection.unused)}`,
          );
        const asked = ([...named, 'scheduledDeparture'] as const).map(plainColumn);
        await blameFile(source.file, async () => {
          const sql = `SELECT ${asked.join(', ')} FROM (${select})`;
          for await (const chunk of chunksOf(connection, sql)) {
            for (const [c, column] of columns.entries())
              dictionaries[c]!.encodeInto(textsOf(chunk.getColumnVector(c)), column, 0);
            // The chunk's own memory is not written to.
            minutes.set(intsOf(chunk.getColumnVector(named.length)).subarray(0, chunk.rowCount));
            repeated.leaveOut(
              { origin, destination, airline, flightNumber, minutes },
              chunk.rowCount,
            );
            onFlights({ origin, destination, airline, tailNumber, minutes }, chunk.rowCount);
          }
        });
      }
    const [origins, destinations, airlines, tails] = dictionaries.map(({ texts }) => texts);
    return {
      origin: origins!,
      destination: destinations!,
      airline: airlines!,
      tailNumber: tails!,
    };
  } finally {
    database.close();
  }
};
