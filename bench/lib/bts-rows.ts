/**
 * Flights as the On-Time Performance of the BTS prints them, planted by a formula: any number of rows, the same each
 * time, about 100 bytes each.
 */
import { DuckDBInstance } from '@duckdb/node-api';

/** An evenly spread number from 0 up to `below` that depends on the row and on `salt` alone. */
const draw = (salt: number, below: number): string =>
  `(hash(i * 31 + ${salt}) % ${below})::INTEGER`;

const hhmm = (minutes: string): string =>
  `lpad((((${minutes}) // 60) % 24)::VARCHAR, 2, '0') || lpad(((${minutes}) % 60)::VARCHAR, 2, '0')`;

const airport = (salt: number): string =>
  `chr(65 + ${draw(salt, 340)} // 26 % 26) || chr(65 + ${draw(salt, 340)} % 26) || 'X'`;

/** Writes a CSV of so many rows, in the order of their dates. */
export const writeBtsRows = async (file: string, nRows: number): Promise<void> => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`
    COPY (
      SELECT strftime(DATE '2015-01-01' + (i * 1461 // ${nRows})::INTEGER, '%Y-%m-%d') AS FlightDate,
             ['AA', 'AS', 'B6', 'DL', 'EV', 'F9', 'HA', 'MQ', 'NK', 'OO', 'UA', 'VX', 'WN'][1 + ${draw(1, 13)}] AS Reporting_Airline,
             'N' || (100 + ${draw(2, 5000)}) || 'QX' AS Tail_Number,
             1 + ${draw(3, 7000)} AS Flight_Number_Reporting_Airline,
             ${airport(4)} AS Origin, ${airport(5)} AS Dest,
             ${hhmm('planned')} AS CRSDepTime,
             CASE WHEN NOT cancelled THEN ${hhmm('planned + 1440 + late')} END AS DepTime,
             CASE WHEN NOT cancelled THEN late::DECIMAL(8, 2) END AS DepDelay,
             ${draw(6, 30)} + 5 AS TaxiOut,
             ${hhmm('planned + 60 + miles // 8')} AS CRSArrTime,
             CASE WHEN NOT cancelled THEN ${hhmm('planned + 1500 + miles // 8 + late')} END AS ArrTime,
             CASE WHEN NOT cancelled THEN (late - 5 + ${draw(7, 11)})::DECIMAL(8, 2) END AS ArrDelay,
             CASE WHEN cancelled THEN '1.00' ELSE '0.00' END AS Cancelled,
             CASE WHEN cancelled THEN chr(65 + ${draw(8, 4)}) END AS CancellationCode,
             '0.00' AS Diverted,
             (60 + miles // 8)::DECIMAL(8, 2) AS CRSElapsedTime,
             miles::DECIMAL(8, 2) AS Distance
      FROM (SELECT i, 300 + ${draw(9, 1080)} AS planned, 100 + ${draw(10, 2600)} AS miles,
                   CASE WHEN ${draw(11, 5)} = 0 THEN ${draw(12, 180)} ELSE ${draw(12, 30)} - 15 END AS late,
                   ${draw(13, 60)} = 0 AS cancelled
            FROM range(${nRows}) AS rows(i))
    ) TO '${file}' (FORMAT csv, HEADER)`);
  connection.closeSync();
  instance.closeSync();
};
