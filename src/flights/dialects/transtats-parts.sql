-- about: On-Time Performance of the US Bureau of Transportation Statistics, fields chosen on TranStats, the date in three columns
-- target: arrival
-- expects: a day that exists, CRS_DEP_TIME as HHMM (517 or 0517)
-- schedule: YEAR, MONTH, DAY_OF_MONTH, ORIGIN, CRS_DEP_TIME
-- optional: DEST, UNIQUE_CARRIER, OP_UNIQUE_CARRIER, CARRIER, OP_CARRIER, FL_NUM, OP_CARRIER_FL_NUM, TAIL_NUM, CRS_ARR_TIME, DISTANCE
-- outcome: ARR_DELAY, CANCELLED, DIVERTED
SELECT
  coalesce(UNIQUE_CARRIER, OP_UNIQUE_CARRIER, CARRIER, OP_CARRIER) AS airline,
  whole_number(coalesce(FL_NUM, OP_CARRIER_FL_NUM)) AS flightNumber,
  TAIL_NUM AS tailNumber,
  ORIGIN AS origin,
  DEST AS destination,
  at_minute(day_of(YEAR, MONTH, DAY_OF_MONTH), hhmm_minutes(CRS_DEP_TIME)) AS scheduledDeparture,
  arrival_on(day_of(YEAR, MONTH, DAY_OF_MONTH), hhmm_minutes(CRS_DEP_TIME), hhmm_minutes(CRS_ARR_TIME)) AS scheduledArrival,
  DISTANCE AS distanceMiles,
  ARR_DELAY AS delayMinutes,
  CASE WHEN CRS_DEP_TIME IS NULL THEN 'no scheduled departure'
       WHEN day_of(YEAR, MONTH, DAY_OF_MONTH) IS NULL THEN 'impossible date'
       WHEN hhmm_minutes(CRS_DEP_TIME) IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN is_set(CANCELLED) THEN 'cancelled'
       WHEN is_set(DIVERTED) THEN 'diverted'
       WHEN ARR_DELAY IS NULL THEN 'no arrival' END AS unlabelled
FROM source
