-- Shared by the dialects.
-- Times of day as airlines write them, 517 for 05:17: minutes since midnight, NULL when impossible; 2400 is the next midnight.
CREATE MACRO hhmm_minutes(clock) AS
  CASE WHEN try_cast(clock AS INTEGER) BETWEEN 0 AND 2400 AND try_cast(clock AS INTEGER) % 100 < 60
       THEN try_cast(clock AS INTEGER) // 100 * 60 + try_cast(clock AS INTEGER) % 100 END;

-- Midnight of a date given in parts, NULL when there is no such day.
CREATE MACRO day_of(year, month, day) AS
  try_cast(printf('%04d-%02d-%02d', try_cast(year AS INTEGER), try_cast(month AS INTEGER), try_cast(day AS INTEGER)) AS TIMESTAMP);

-- A local arrival from a clock that shows no date: the day that makes the flight last, as the clocks show it,
-- from two hours back (a short hop to an earlier zone) up to twenty-two hours.
CREATE MACRO arrival_after(departure, arrival_minute) AS
  departure + to_minutes(
    (arrival_minute - date_part('hour', departure) * 60 - date_part('minute', departure) + 2 * 1440 + 120) % 1440 - 120);

-- A date as 2013-07-05 or, as TranStats writes it, 7/5/2013 12:00:00 AM.
CREATE MACRO date_of(text) AS
  date_trunc('day', coalesce(try_cast(text AS TIMESTAMP), try_strptime(text::VARCHAR, ['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y'])));
