-- about: flights of the first half of 2001 as the package vega-datasets holds them; whether the date is scheduled or actual is not documented
-- target: arrival
-- expects: date as 2001-01-10 09:25
-- schedule: date, distance, origin, destination
-- outcome: delay
SELECT
  origin AS origin,
  destination AS destination,
  clock_of("date") AS scheduledDeparture,
  distance AS distanceMiles,
  delay AS delayMinutes,
  CASE WHEN "date" IS NULL THEN 'no scheduled departure'
       WHEN clock_of("date") IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN delay IS NULL THEN 'no delay' END AS unlabelled
FROM source
