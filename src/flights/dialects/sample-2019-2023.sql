-- about: US flights of 2019 to 2023, the sample of 3 million that Kaggle holds (flights_sample_3m.csv)
-- target: arrival
-- expects: FL_DATE as 2019-07-05, CRS_DEP_TIME as HHMM (517 or 0517)
-- schedule: FL_DATE, AIRLINE_CODE, FL_NUMBER, ORIGIN, DEST, CRS_DEP_TIME, CRS_ARR_TIME, DISTANCE
-- outcome: ARR_DELAY, CANCELLED, DIVERTED
SELECT
  AIRLINE_CODE AS airline,
  whole_number(FL_NUMBER) AS flightNumber,
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
