import { DuckDBInstance } from '@duckdb/node-api';
import { readFileSync } from 'node:fs';
import macros from '../src/flights/dialects/macros.sql' with { type: 'text' };
const [, , f, mem, ...which] = process.argv;
const names = readFileSync(f!, { encoding: 'utf8' }).slice(0, 400).split('\n')[0]!.split(',');
const cols = names.map((n) => `'${n}': 'VARCHAR'`).join(', ');
const nulls = process.env.NULLS ?? `['','NA','N/A','NULL','null','NaN','nan','\\N']`;
const from = `read_csv('${f}', auto_detect=false, header=true, delim=',', quote='"', escape='"', columns={${cols}}, nullstr=${nulls}, store_rejects=${process.env.REJ ?? 'true'})`;
const inst = await DuckDBInstance.create(':memory:', {
  threads: '2',
  autoinstall_known_extensions: 'false',
  ...(mem === '-' ? {} : { memory_limit: mem }),
});
const c = await inst.connect();
await c.run(macros);
await c.run('SET preserve_insertion_order=false');
const cpu = () => {
  const u = process.cpuUsage();
  return (u.user + u.system) / 1e6;
};
const time = async (name: string, work: () => Promise<unknown>) => {
  const t = performance.now(),
    u = cpu();
  await work();
  console.log(
    name.padEnd(40),
    ((performance.now() - t) / 1000).toFixed(2),
    's wall',
    (cpu() - u).toFixed(2),
    's cpu peak',
    Math.round(process.resourceUsage().maxRSS / 1e3),
    'MB',
  );
};
const proj = `SELECT ${names.map((n) => `"${n}"`).join(',')}, Reporting_Airline AS al, Flight_Number_Reporting_Airline AS flightNumber, Tail_Number AS tail, Origin as o, Dest as d,
 date_of(FlightDate) + to_minutes(hhmm_minutes(CRSDepTime)) AS sd, try_cast(ArrDelay AS DOUBLE) AS delay,
 CASE WHEN CRSDepTime IS NULL THEN 'no scheduled departure' WHEN date_of(FlightDate) IS NULL THEN 'impossible date' WHEN hhmm_minutes(CRSDepTime) IS NULL THEN 'impossible time' END AS unusable,
 CASE WHEN is_set(Cancelled) THEN 'cancelled' WHEN is_set(Diverted) THEN 'diverted' WHEN ArrDelay IS NULL THEN 'no arrival' END AS unlabelled FROM ${from}`;
const proj2 = `SELECT *, coalesce(unusable, unlabelled, CASE WHEN delay IS NULL THEN 'no delay' END, '') AS reject, (epoch_us(sd)//60000000)::INTEGER AS minute FROM (${proj})`;
const proj3 = `SELECT *, minute//1440 AS day, minute % 1440 // 60 AS hour, (minute//1440 + 3) % 7 AS weekday, reject='' AS used, reject='' AND delay >= 15 AS late, reject='cancelled' AS canx, hash(al,flightNumber,o,d,minute) AS h, CASE WHEN reject='' THEN floor(delay) END AS delayM FROM (${proj2})`;
const raw = names.map((n) => `("${n}")`);
const der = ['(weekday,hour)', '(day)', '(al)', '(o)', '(d)', '(o,d)', '(reject)', '(delayM)'];
const aggs = `count(*) n, count(*) FILTER (used) u, sum(delay) FILTER (used) s, count(*) FILTER (late) l, count(*) FILTER (canx) x`;
const q: Record<string, () => Promise<unknown>> = {
  count: () => c.run(`SELECT ${names.map((n) => `count("${n}")`).join(',')} FROM ${from}`),
  sets: () =>
    c.run(
      `CREATE OR REPLACE TEMP TABLE s AS SELECT ${names.map((n) => `"${n}"`).join(',')}, count(*) n FROM ${from} GROUP BY GROUPING SETS (${raw.join(',')})`,
    ),
  proj: () =>
    c.run(
      `SELECT count(*), sum(delay), max(minute), sum(h), max(reject), sum(late::int), sum(weekday), sum(hour), sum(day) FROM (${proj3})`,
    ),
  der: () =>
    c.run(
      `CREATE OR REPLACE TEMP TABLE s AS SELECT weekday,hour,day,al,o,d,reject,delayM, ${aggs} FROM (${proj3}) GROUP BY GROUPING SETS (${der.join(',')})`,
    ),
  all: () =>
    c.run(
      `CREATE OR REPLACE TEMP TABLE s AS SELECT ${names.map((n) => `"${n}"`).join(',')}, weekday,hour,day,al,o,d,reject,delayM, ${aggs} FROM (${proj3}) GROUP BY GROUPING SETS (${[...raw, ...der].join(',')})`,
    ),
  dup: () =>
    c.run(
      `CREATE OR REPLACE TEMP TABLE s AS SELECT h, count(*) FROM (SELECT CASE WHEN h % 4 = 0 THEN h END AS h FROM (${proj3})) GROUP BY h`,
    ),
};
for (const w of which) await time(w, q[w]!);
