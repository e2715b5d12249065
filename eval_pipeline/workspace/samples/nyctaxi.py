"""Taxi trips of two winter months: hours and weekdays have their rhythm, airports are far, fares follow distance."""

from __future__ import annotations

_ZIPS = (
    *(10001, 10003, 10011, 10012, 10014, 10016, 10017, 10018, 10019, 10021, 10022, 10023, 10036, 10065) * 5,
    *(10002, 10009, 10010, 10013, 10024, 10025, 10028, 10029, 10110, 10128, 10167, 10282) * 3,
    *(10026, 10027, 10031, 10034, 10451, 11101, 11103, 11201, 11211, 11215, 11222, 11238, 11377),
)
_AIRPORTS = (11371, 11422, 11430)

_TRIPS_BY_HOUR = (6, 4, 3, 2, 2, 2, 4, 8, 10, 9, 9, 9, 10, 10, 10, 9, 8, 10, 13, 13, 12, 12, 11, 9)
_HOURS = tuple(hour for hour, weight in enumerate(_TRIPS_BY_HOUR) for _ in range(weight))

_TRIPS = """
CREATE TABLE samples.nyctaxi.trips AS
WITH raw AS (
    SELECT range AS i,
        DATE '2016-01-01' + pick('day', range, 0, 59)::INT AS day,
        one_of('hour', range, {hours}) AS hour,
        pick('second', range, 0, 3599) AS second,
        u('airport', range) < 0.05 AS is_airport,
        one_of('from', range, {zips})::INT AS from_zip,
        one_of('to', range, {zips})::INT AS to_zip,
        one_of('which airport', range, {airports})::INT AS airport_zip,
        u('way', range) < 0.4 AS is_from_airport
    FROM range(plenty('trips', 4600))
), trips AS (
    SELECT *, day::TIMESTAMP + to_seconds(hour * 3600 + second) AS pickup,
        CASE WHEN is_airport THEN 8.5 + 9.0 * u('far', i)
             WHEN from_zip = to_zip THEN 0.3 + 0.9 * u('near', i)
             ELSE least(14.0, 0.5 - 1.55 * ln(1.0 - u('distance', i)))
        END * level('distance', 0.12) AS miles
    FROM raw
    -- Sundays and Mondays are quiet; so was 23 January 2016, when snow stopped the city.
    WHERE u('kept', i) < CASE WHEN day = DATE '2016-01-23' THEN 0.15
        WHEN dayofweek(day) IN (0, 1) THEN 0.75 WHEN dayofweek(day) IN (5, 6) THEN 1.0 ELSE 0.88 END
)
SELECT pickup AS tpep_pickup_datetime,
    pickup + to_seconds((120 + 60 * miles * (CASE WHEN hour BETWEEN 8 AND 18 THEN 5.2 ELSE 3.6 END)
        * (0.7 + 0.6 * u('traffic', i)))::BIGINT) AS tpep_dropoff_datetime,
    round(miles, 2)::DOUBLE AS trip_distance,
    (round(2 * (2.5 + miles * 2.9 * level('fare', 0.15) + 3.5 * u('wait', i))) / 2)::DOUBLE AS fare_amount,
    CASE WHEN is_airport AND is_from_airport THEN airport_zip ELSE from_zip END AS pickup_zip,
    CASE WHEN is_airport AND NOT is_from_airport THEN airport_zip ELSE to_zip END AS dropoff_zip
FROM trips ORDER BY pickup, i
"""

STATEMENTS = (
    _TRIPS.replace("{hours}", str(list(_HOURS)))
    .replace("{zips}", str(list(_ZIPS)))
    .replace("{airports}", str(list(_AIRPORTS))),
)
