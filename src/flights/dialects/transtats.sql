-- about: On-Time Performance of the US Bureau of Transportation Statistics, fields chosen on TranStats
-- target: arrival
-- schedule: FL_DATE, OP_CARRIER_FL_NUM, ORIGIN, DEST, CRS_DEP_TIME
-- optional: OP_UNIQUE_CARRIER, OP_CARRIER, TAIL_NUM, CRS_ARR_TIME, DISTANCE
-- outcome: ARR_DELAY, CANCELLED, DIVERTED
SELECT
  coalesce(OP_UNIQUE_CARRIER, OP_CARRIER) AS airline,
  OP_CARRIER_FL_NUM AS flightNumber,
  TAIL_NUM AS tailNumber,
  ORIGIN AS origin,
  DEST AS destination,
  date_of(FL_DATE) + to_minutes(hhmm_minutes(CRS_DEP_TIME)) AS scheduledDeparture,
  arrival_after(scheduledDeparture, hhmm_minutes(CRS_ARR_TIME)) AS scheduledArrival,
  DISTANCE AS distanceMiles,
  ARR_DELAY AS delayMinutes,
  CASE WHEN CRS_DEP_TIME IS NULL THEN 'no scheduled departure'
       WHEN date_of(FL_DATE) IS NULL THEN 'impossible date'
       WHEN hhmm_minutes(CRS_DEP_TIME) IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN try_cast(CANCELLED AS DOUBLE) = 1 THEN 'cancelled'
       WHEN try_cast(DIVERTED AS DOUBLE) = 1 THEN 'diverted'
       WHEN ARR_DELAY IS NULL THEN 'no arrival' END AS unlabelled
FROM source
