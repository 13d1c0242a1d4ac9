-- about: departures from Dublin as its airport's board shows them (airline and destination by name)
-- target: departure
-- expects: Scheduled DateTime as 2019-05-31 18:30:00
-- schedule: Airline, Destination, Scheduled DateTime
-- optional: Terminal, Flight No.
-- outcome: Minute Delay, Real Departure Time
SELECT
  "Airline" AS airline,
  "Flight No." AS flightNumber,
  CASE WHEN "Airline" IS NOT NULL THEN 'DUB' END AS origin,
  "Destination" AS destination,
  "Terminal" AS terminal,
  clock_of("Scheduled DateTime") AS scheduledDeparture,
  "Minute Delay" AS delayMinutes,
  CASE WHEN "Scheduled DateTime" IS NULL THEN 'no scheduled departure'
       WHEN clock_of("Scheduled DateTime") IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN "Minute Delay" IS NULL AND "Real Departure Time" IS NULL THEN 'cancelled'
       WHEN "Minute Delay" IS NULL THEN 'no delay' END AS unlabelled
FROM source
