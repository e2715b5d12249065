"""The New York taxi trips as a subject."""

from __future__ import annotations

from eval_pipeline.generation.template.catalogue import (
    Detail,
    Dimension,
    Measure,
    Subject,
    Threshold,
    bands,
    hour,
    weekday,
)

_MINUTES = "(UNIX_TIMESTAMP(t.tpep_dropoff_datetime) - UNIX_TIMESTAMP(t.tpep_pickup_datetime)) / 60.0"

TRIPS = Subject(
    name="trips",
    title="Taxi trips",
    table="samples.nyctaxi.trips",
    alias="t",
    words="taxi, cab, trip, ride, fare, pickup, pick up, dropoff, drop off, driver, passenger, zip, yellow",
    time="t.tpep_pickup_datetime",
    time_label="Picked up on",
    grain="day",
    clock=True,
    measures=(
        Measure(
            "trips",
            "Trips",
            "COUNT(*)",
            "count",
            "number of trips, how many trips, how many rides, demand, busy, busiest, volume, quiet, frequency",
            adds_up=True,
        ),
        Measure(
            "fares",
            "Total fares",
            "SUM(t.fare_amount)",
            "money",
            "fare, total fare, revenue, takings, income, money, earn, make",
            adds_up=True,
        ),
        Measure(
            "average_fare",
            "Average fare",
            "AVG(t.fare_amount)",
            "money",
            "average fare, fare per trip, price, cost, expensive, cheap, pay, paid",
        ),
        Measure(
            "miles",
            "Miles driven",
            "SUM(t.trip_distance)",
            "number",
            "miles driven, total distance, total miles, mileage",
            adds_up=True,
        ),
        Measure(
            "average_miles",
            "Average distance (miles)",
            "AVG(t.trip_distance)",
            "number",
            "distance, average distance, how far, trip length",
        ),
        Measure(
            "fare_per_mile",
            "Fare per mile",
            "SUM(t.fare_amount) / NULLIF(SUM(t.trip_distance), 0)",
            "money",
            "fare per mile, per mile, price per mile, dollars per mile, value for money",
        ),
        Measure(
            "average_minutes",
            "Average duration (minutes)",
            f"AVG({_MINUTES})",
            "number",
            "duration, minute, how long, travel time",
        ),
        Measure(
            "miles_per_hour",
            "Average speed (mph)",
            f"SUM(t.trip_distance) / NULLIF(SUM({_MINUTES}) / 60.0, 0)",
            "number",
            "speed, mph, miles per hour, fast, slow, congestion, jam",
        ),
    ),
    dimensions=(
        Dimension(
            "pickup_zip",
            "Pick-up ZIP",
            "CAST(t.pickup_zip AS STRING)",
            "many",
            (
                "pickup zip, pick up zip, pickup area, pickup, picked up, neighbourhood, neighborhood, area, zip, "
                "zone, from where, start"
            ),
        ),
        Dimension(
            "dropoff_zip",
            "Drop-off ZIP",
            "CAST(t.dropoff_zip AS STRING)",
            "many",
            "dropoff zip, drop off zip, dropoff, drop off, destination, dropped off, end up, go to",
        ),
        weekday("t.tpep_pickup_datetime"),
        hour("t.tpep_pickup_datetime", "night, clock, late, lunch"),
        Dimension(
            "distance_band",
            "Distance",
            bands("t.trip_distance", ((1, "Under 1 mi"), (3, "1 to 3 mi"), (8, "3 to 8 mi")), "8 mi and more"),
            "few",
            "distance band, short and long, short hop, band, bucket, by distance, trip length",
            in_order=True,
            sort="t.trip_distance",
        ),
        Dimension(
            "fare_band",
            "Fare",
            bands("t.fare_amount", ((7, "Under $7"), (15, "$7 to 15"), (30, "$15 to 30")), "$30 and more"),
            "few",
            "fare band, fare bracket, cheap and expensive, fare range, by fare, fare distribution, spread of fares",
            in_order=True,
            sort="t.fare_amount",
        ),
    ),
    thresholds=(
        Threshold(
            "min_miles",
            "At least (miles)",
            "t.trip_distance",
            0.5,
            (
                "at least, longer than, minimum distance, miles or more, shortest, long trip, ignore short, hide "
                "short, minimum"
            ),
        ),
        Threshold(
            "min_fare",
            "Fare of at least ($)",
            "t.fare_amount",
            1,
            "minimum fare, fare above, fare over, over $, dollars or more",
        ),
    ),
    details=(
        Detail("picked_up", "Picked up", "t.tpep_pickup_datetime", "time"),
        Detail("dropped_off", "Dropped off", "t.tpep_dropoff_datetime", "time"),
        Detail("from_zip", "From ZIP", "CAST(t.pickup_zip AS STRING)", "text"),
        Detail("to_zip", "To ZIP", "CAST(t.dropoff_zip AS STRING)", "text"),
        Detail("miles", "Miles", "t.trip_distance", "number"),
        Detail("fare", "Fare", "t.fare_amount", "money"),
    ),
    detail_order="picked_up",
)
