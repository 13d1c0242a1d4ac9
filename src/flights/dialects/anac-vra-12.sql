-- about: VRA of ANAC (Brazil), the layout of 12 columns; airports by ICAO code, all times of Brasília
-- target: arrival
-- expects: Partida Prevista as 31/12/2015 18:30
-- schedule: ICAO Empresa Aérea, Número Voo, ICAO Aeródromo Origem, ICAO Aeródromo Destino, Partida Prevista, Chegada Prevista
-- outcome: Chegada Real, Situação Voo
SELECT
  "ICAO Empresa Aérea" AS airline,
  whole_number("Número Voo") AS flightNumber,
  "ICAO Aeródromo Origem" AS origin,
  "ICAO Aeródromo Destino" AS destination,
  day_first("Partida Prevista") AS scheduledDeparture,
  day_first("Chegada Prevista") AS scheduledArrival,
  minutes_between(day_first("Chegada Prevista"), day_first("Chegada Real")) AS delayMinutes,
  CASE WHEN "Partida Prevista" IS NULL THEN 'no scheduled departure'
       WHEN day_first("Partida Prevista") IS NULL THEN 'impossible time' END AS unusable,
  CASE WHEN upper("Situação Voo") LIKE 'CANCELAD%' THEN 'cancelled'
       WHEN upper("Situação Voo") LIKE 'N_O INFORMAD%' THEN 'not reported'
       WHEN "Chegada Real" IS NULL THEN 'no arrival'
       WHEN "Chegada Prevista" IS NULL THEN 'no scheduled arrival'
       WHEN day_first("Chegada Real") IS NULL OR day_first("Chegada Prevista") IS NULL THEN 'impossible delay' END AS unlabelled
FROM source
