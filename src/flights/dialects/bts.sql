-- about: On-Time Performance of the US Bureau of Transportation Statistics, the prezipped files
-- target: arrival
-- expects: FlightDate as 2013-07-05, CRSDepTime as HHMM (517 or 0517)
-- schedule: FlightDate, Reporting_Airline, Flight_Number_Reporting_Airline, Origin, Dest, CRSDepTime, CRSArrTime, Distance
-- optional: Tail_Number
-- outcome: ArrDelay, Cancelled, Diverted
SELECT
  Reporting_Airline AS airline,
  Flight_Number_Reporting_Airline AS flightNumber,
  Tail_Number AS tailNumber,
  Origin AS origin,
  Dest AS destination,
  at_minute(date_of(FlightDate), hhmm_minutes(CRSDepTime)) AS scheduledDeparture,
  arrival_on(date_of(FlightDate), hhmm_minutes(CRSDepTime), hhmm_minutes(CRSArrTime)) AS scheduledArrival,
  Distance AS distanceMiles,
  ArrDelay AS delayMinutes,
  CASE WHEN CRSDepTime IS NULL THEN 'no scheduled departure'
       WHEN date_of(FlightDate) IS NULL THEN 'impossible date'
       WHEN hhmm_minutes(CRSDepTime) IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN is_set(Cancelled) THEN 'cancelled'
       WHEN is_set(Diverted) THEN 'diverted'
       WHEN ArrDelay IS NULL THEN 'no arrival' END AS unlabelled
FROM source
