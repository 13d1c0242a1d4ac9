-- about: flights whose columns already carry the names of a request, with delayMinutes beside them
-- target: arrival
-- expects: scheduledDeparture as 2013-07-05T18:30, with a time of day
-- schedule: scheduledDeparture
-- optional: airline, flightNumber, tailNumber, origin, destination, terminal, scheduledArrival, distanceMiles, temperatureF, dewPointF, humidityPercent, windDirectionDegrees, windSpeedMph, windGustMph, precipitationInches, pressureMillibars, visibilityMiles
-- outcome: delayMinutes
SELECT
  airline AS airline,
  flightNumber AS flightNumber,
  tailNumber AS tailNumber,
  origin AS origin,
  destination AS destination,
  terminal AS terminal,
  clock_of(scheduledDeparture) AS scheduledDeparture,
  clock_of(scheduledArrival) AS scheduledArrival,
  distanceMiles AS distanceMiles,
  temperatureF AS temperatureF,
  dewPointF AS dewPointF,
  humidityPercent AS humidityPercent,
  windDirectionDegrees AS windDirectionDegrees,
  windSpeedMph AS windSpeedMph,
  windGustMph AS windGustMph,
  precipitationInches AS precipitationInches,
  pressureMillibars AS pressureMillibars,
  visibilityMiles AS visibilityMiles,
  delayMinutes AS delayMinutes,
  CASE WHEN scheduledDeparture IS NULL THEN 'no scheduled departure'
       WHEN clock_of(scheduledDeparture) IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN delayMinutes IS NULL THEN 'no delay' END AS unlabelled
FROM source
