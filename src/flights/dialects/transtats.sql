-- about: On-Time Performance of the US Bureau of Transportation Statistics, fields chosen on TranStats
-- target: arrival
-- expects: FL_DATE as 2013-07-05 or 7/5/2013 12:00:00 AM, CRS_DEP_TIME as HHMM (517 or 0517)
-- schedule: FL_DATE, OP_CARRIER_FL_NUM, ORIGIN, DEST, CRS_DEP_TIME
-- optional: OP_UNIQUE_CARRIER, OP_CARRIER, TAIL_NUM, CRS_ARR_TIME, DISTANCE
-- outcome: ARR_DELAY, CANCELLED, DIVERTED
SELECT
  coalesce(OP_UNIQUE_CARRIER, OP_CARRIER) AS airline,
  OP_CARRIER_FL_NUM AS flightNumber,
  TAIL_NUM AS tailNumber,
  ORIGIN AS origin,
  DEST AS destination,
  at_minute(date_of(FL_DATE), hhmm_minutes(CRS_DEP_TIME)) AS scheduledDeparture,
  arrival_on(date_of(FL_DATE), hhmm_minutes(CRS_DEP_TIME), hhmm_minutes(CRS_ARR_TIME)) AS scheduledArrival,
  DISTANCE AS distanceMiles,
  ARR_DELAY AS delayMinutes,
  CASE WHEN CRS_DEP_TIME IS NULL THEN 'no scheduled departure'
       WHEN date_of(FL_DATE) IS NULL THEN 'impossible date'
       WHEN hhmm_minutes(CRS_DEP_TIME) IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN is_set(CANCELLED) THEN 'cancelled'
       WHEN is_set(DIVERTED) THEN 'diverted'
       WHEN ARR_DELAY IS NULL THEN 'no arrival' END AS unlabelled
FROM source
