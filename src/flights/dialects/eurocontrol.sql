-- about: flights of the R&D archive of EUROCONTROL (Flights_*.csv); airports and operators by ICAO code, all times UTC, the plan is the one filed last
-- target: arrival
-- expects: FILED OFF BLOCK TIME as 31-12-2015 18:30:00
-- schedule: ADEP, ADES, FILED OFF BLOCK TIME, FILED ARRIVAL TIME, AC Operator
-- optional: AC Registration, ICAO Flight Type
-- outcome: ACTUAL ARRIVAL TIME
SELECT
  "AC Operator" AS airline,
  "AC Registration" AS tailNumber,
  ADEP AS origin,
  ADES AS destination,
  day_first("FILED OFF BLOCK TIME") AS scheduledDeparture,
  day_first("FILED ARRIVAL TIME") AS scheduledArrival,
  minutes_between(day_first("FILED ARRIVAL TIME"), day_first("ACTUAL ARRIVAL TIME")) AS delayMinutes,
  CASE WHEN "ICAO Flight Type" <> 'S' THEN 'not a scheduled flight'
       WHEN "FILED OFF BLOCK TIME" IS NULL THEN 'no scheduled departure'
       WHEN day_first("FILED OFF BLOCK TIME") IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN "ACTUAL ARRIVAL TIME" IS NULL THEN 'no arrival'
       WHEN day_first("ACTUAL ARRIVAL TIME") IS NULL OR day_first("FILED ARRIVAL TIME") IS NULL THEN 'impossible delay' END AS unlabelled
FROM source
