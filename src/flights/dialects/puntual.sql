-- about: flights whose columns already carry the names of a request, with delayMinutes beside them
-- target: arrival
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
  try_cast(scheduledDeparture AS TIMESTAMP) AS scheduledDeparture,
  try_cast(scheduledArrival AS TIMESTAMP) AS scheduledArrival,
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
       WHEN try_cast(scheduledDeparture AS TIMESTAMP) IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN delayMinutes IS NULL THEN 'no delay' END AS unlabelled
FROM source
