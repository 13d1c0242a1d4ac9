-- about: US flights of 2015 as Kaggle holds them (flights.csv of "2015 Flight Delays and Cancellations"); airports that October names by five digits are missing
-- target: arrival
-- expects: a day that exists, SCHEDULED_DEPARTURE as HHMM (517 or 0517)
-- schedule: YEAR, MONTH, DAY, AIRLINE, FLIGHT_NUMBER, ORIGIN_AIRPORT, DESTINATION_AIRPORT, SCHEDULED_DEPARTURE, SCHEDULED_ARRIVAL, DISTANCE
-- optional: TAIL_NUMBER
-- outcome: ARRIVAL_DELAY, CANCELLED, DIVERTED
SELECT
  AIRLINE AS airline,
  whole_number(FLIGHT_NUMBER) AS flightNumber,
  TAIL_NUMBER AS tailNumber,
  CASE WHEN try_cast(ORIGIN_AIRPORT AS INTEGER) IS NULL THEN ORIGIN_AIRPORT END AS origin,
  CASE WHEN try_cast(DESTINATION_AIRPORT AS INTEGER) IS NULL THEN DESTINATION_AIRPORT END AS destination,
  at_minute(day_of(YEAR, MONTH, DAY), hhmm_minutes(SCHEDULED_DEPARTURE)) AS scheduledDeparture,
  arrival_on(day_of(YEAR, MONTH, DAY), hhmm_minutes(SCHEDULED_DEPARTURE), hhmm_minutes(SCHEDULED_ARRIVAL)) AS scheduledArrival,
  DISTANCE AS distanceMiles,
  ARRIVAL_DELAY AS delayMinutes,
  CASE WHEN try_cast(ORIGIN_AIRPORT AS INTEGER) IS NOT NULL OR try_cast(DESTINATION_AIRPORT AS INTEGER) IS NOT NULL
       THEN 'airport given as a number, treated as missing' END AS remark,
  CASE WHEN SCHEDULED_DEPARTURE IS NULL THEN 'no scheduled departure'
       WHEN day_of(YEAR, MONTH, DAY) IS NULL THEN 'impossible date'
       WHEN hhmm_minutes(SCHEDULED_DEPARTURE) IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN is_set(CANCELLED) THEN 'cancelled'
       WHEN is_set(DIVERTED) THEN 'diverted'
       WHEN ARRIVAL_DELAY IS NULL THEN 'no arrival' END AS unlabelled
FROM source
