-- about: US flights 1987 to 2008 as the Data Expo 2009 of the American Statistical Association published them
-- target: arrival
-- expects: a day that exists, CRSDepTime as HHMM (517 or 0517)
-- schedule: Year, Month, DayofMonth, CRSDepTime, CRSArrTime, UniqueCarrier, FlightNum, Origin, Dest, Distance
-- optional: TailNum
-- outcome: ArrDelay, Cancelled, Diverted
SELECT
  UniqueCarrier AS airline,
  FlightNum AS flightNumber,
  TailNum AS tailNumber,
  Origin AS origin,
  Dest AS destination,
  at_minute(day_of(Year, Month, DayofMonth), hhmm_minutes(CRSDepTime)) AS scheduledDeparture,
  arrival_on(day_of(Year, Month, DayofMonth), hhmm_minutes(CRSDepTime), hhmm_minutes(CRSArrTime)) AS scheduledArrival,
  Distance AS distanceMiles,
  ArrDelay AS delayMinutes,
  CASE WHEN CRSDepTime IS NULL THEN 'no scheduled departure'
       WHEN day_of(Year, Month, DayofMonth) IS NULL THEN 'impossible date'
       WHEN hhmm_minutes(CRSDepTime) IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN is_set(Cancelled) THEN 'cancelled'
       WHEN is_set(Diverted) THEN 'diverted'
       WHEN ArrDelay IS NULL THEN 'no arrival' END AS unlabelled
FROM source
