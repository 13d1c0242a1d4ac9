-- Shared by the dialects.
-- Times of day as airlines write them, 517 for 05:17: minutes since midnight, NULL when impossible; 2400 is the next midnight.
-- Divided by 0, which gives NULL, where it is no such time: of equal parts of a CASE the database makes each anew.
CREATE MACRO hhmm_minutes(clock) AS
  (try_cast(clock AS INTEGER) // 100 * 60 + try_cast(clock AS INTEGER) % 100)
  // ((try_cast(clock AS INTEGER) BETWEEN 0 AND 2400)::INTEGER * (try_cast(clock AS INTEGER) % 100 < 60)::INTEGER);

-- Midnight of a date given in parts, NULL when there is no such day.
CREATE MACRO day_of(year, month, day) AS
  try_cast(printf('%04d-%02d-%02d', try_cast(year AS INTEGER), try_cast(month AS INTEGER), try_cast(day AS INTEGER)) AS TIMESTAMP);

-- A moment by the midnight that begins its day and the minutes since: less work than adding an interval.
CREATE MACRO at_minute(day, minutes) AS TRY(make_timestamp(epoch_us(day) + 60000000::BIGINT * minutes));

-- The arrival after a departure of that day, both as minutes since their midnights; see arrival_after.
CREATE MACRO arrival_on(day, departure_minute, arrival_minute) AS
  at_minute(day, departure_minute + (arrival_minute - departure_minute + 3 * 1440 + 120) % 1440 - 120);

-- A local arrival from a clock that shows no date: the day that makes the flight last, as the clocks show it,
-- from two hours back (a short hop to an earlier zone) up to twenty-two hours.
CREATE MACRO arrival_after(departure, arrival_minute) AS
  departure + to_minutes((arrival_minute - epoch_us(departure) // 60000000 % 1440 + 3 * 1440 + 120) % 1440 - 120);

-- Minutes between two times of day: from 2 hours early to 22 hours late.
CREATE MACRO clock_delay(planned_minute, operated_minute) AS
  (operated_minute - planned_minute + 2 * 1440 + 120) % 1440 - 120;

CREATE MACRO minutes_of_day(moment) AS date_part('hour', moment) * 60 + date_part('minute', moment);

-- To the database words are times, too: epoch is 1970-01-01, infinity a date, and both are 1900-01-01 where a pattern is
-- asked for. A file of flights has no such times; every text of one with a year is longer.
CREATE MACRO holds_time(text) AS length(text::VARCHAR) >= 10 OR regexp_matches(text::VARCHAR, '\d');

-- A date as 2013-07-05 or, as TranStats writes it, 7/5/2013 12:00:00 AM.
CREATE MACRO date_of(text) AS
  CASE WHEN holds_time(text)
       THEN coalesce(try_cast(text AS DATE), try_strptime(text::VARCHAR, ['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y'])::DATE) END;

-- A time of our own days: 05/07/13 is no day of the year 5.
CREATE MACRO recent(moment) AS CASE WHEN moment >= TIMESTAMP '1900-01-01' THEN moment END;

-- Months in the short words of English, as Spanish, Portuguese, French and German shorten them or write them out: of a
-- word its first three letters say which, but for juin and juillet.
CREATE MACRO english_months(text) AS
  replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
    regexp_replace(regexp_replace(strip_accents(lower(text)), '\bju[in]([nl])[a-z]*', 'ju\1', 'g'), '([a-z]{3})[a-z]*\.?', '\1', 'g'),
    'ene', 'jan'), 'fev', 'feb'), 'abr', 'apr'), 'avr', 'apr'), 'mai', 'may'), 'ago', 'aug'), 'aou', 'aug'), 'set', 'sep'),
    'out', 'oct'), 'okt', 'oct'), 'dic', 'dec'), 'dez', 'dec');

-- A time as a pattern reads it; 24:00 is the midnight that ends the day.
CREATE MACRO time_by(text, pattern) AS
  recent(CASE WHEN contains(text, '24:00') AND regexp_matches(text, '(^|[ T])24:00(:00)?$')
              THEN try_strptime(regexp_replace(text, '24:00(:00)?$', '00:00\1'), pattern) + INTERVAL 1 DAY
              WHEN holds_time(text) THEN try_strptime(text, pattern) END);

-- A stretch of time written as a clock, -0:05 or 25:10:30, in minutes.
CREATE MACRO stretch_minutes(text) AS
  CASE WHEN regexp_full_match(text, '[-+]?\d{1,4}:[0-5]\d(:[0-5]\d)?')
       THEN CASE WHEN starts_with(text, '-') THEN -1 ELSE 1 END *
            (abs(split_part(text, ':', 1)::INTEGER) * 60 + split_part(text, ':', 2)::INTEGER
             + coalesce(try_cast(nullif(split_part(text, ':', 3), '') AS INTEGER), 0) / 60) END;

-- A time as ISO 8601 writes it, NULL for a date without a time of day; of a text with a zone (05:40-05:00) the clock
-- that it shows.
CREATE MACRO clock_of(moment) AS
  CASE typeof(moment)
    WHEN 'DATE' THEN NULL
    WHEN 'VARCHAR' THEN
      recent(CASE WHEN length(trim(moment::VARCHAR)) <= 10 THEN NULL
           WHEN ends_with(moment::VARCHAR, 'Z') OR contains(right(moment::VARCHAR, 6), '+') OR contains(right(moment::VARCHAR, 6), '-')
           THEN try_cast(regexp_replace(trim(moment::VARCHAR), '(:\d\d(\.\d+)?) ?(Z|[+-]\d\d(:?\d\d)?)$', '\1') AS TIMESTAMP)
           ELSE try_cast(trim(moment::VARCHAR) AS TIMESTAMP) END)
    ELSE try_cast(moment AS TIMESTAMP) END;

-- A time with the day first, as Brazil and Europe write it.
CREATE MACRO day_first(text) AS
  CASE WHEN holds_time(text)
       THEN try_strptime(text::VARCHAR, ['%d/%m/%Y %H:%M', '%d/%m/%Y %H:%M:%S', '%d-%m-%Y %H:%M:%S', '%d-%m-%Y %H:%M', '%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M']) END;

-- Minutes from one time to a later one.
CREATE MACRO minutes_between(planned, operated) AS (epoch(operated) - epoch(planned)) / 60;

-- Whether a mark is set, as 1, 1.00, true or True.
-- Most marks are 0 or 0.00, which the first comparison tells without a number being read. The words stand in one text,
-- because of a word that is asked for twice the database makes a column, for every row.
CREATE MACRO is_set(mark) AS
  CASE WHEN typeof(mark) = 'VARCHAR' AND mark::VARCHAR >= '0' AND mark::VARCHAR < '00' THEN false
       ELSE coalesce(try_cast(mark AS DOUBLE) = 1, contains(';true;t;yes;y;', ';' || lower(mark::VARCHAR) || ';'), false) END;

-- Flight numbers that went through a spreadsheet: 190.0 is 190.
CREATE MACRO whole_number(number) AS regexp_replace(number::VARCHAR, '\.0+$', '');
