-- about: departures from Santiago de Chile in 2017 (dataset_SCL.csv); the delay is what was operated less what was planned, and everything operated comes after the fact
-- target: departure
-- expects: Fecha-I as 2017-01-01 23:30:00
-- schedule: Fecha-I, Vlo-I, Ori-I, Des-I, Emp-I
-- outcome: Fecha-O
SELECT
  "Emp-I" AS airline,
  whole_number("Vlo-I") AS flightNumber,
  "Ori-I" AS origin,
  "Des-I" AS destination,
  clock_of("Fecha-I") AS scheduledDeparture,
  minutes_between(clock_of("Fecha-I"), clock_of("Fecha-O")) AS delayMinutes,
  CASE WHEN "Fecha-I" IS NULL THEN 'no scheduled departure'
       WHEN clock_of("Fecha-I") IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN "Fecha-O" IS NULL THEN 'no departure'
       WHEN clock_of("Fecha-O") IS NULL THEN 'impossible delay' END AS unlabelled
FROM source
