-- @param limit NUMERIC
SELECT pickup_zip, COUNT(*) AS trips, ROUND(SUM(fare_amount), 2) AS fares
FROM samples.nyctaxi.trips GROUP BY pickup_zip ORDER BY fares DESC LIMIT :limit
