"""A chain of bakeries: shops, suppliers, customers, half a year of sales, reviews.

Weekends and mornings sell more, sales grow through spring, products have their own price and following.
"""

# ruff: noqa: S608 - SQL put together from our own constants
from __future__ import annotations

from eval_pipeline.workspace.samples.names import CITIES, FAMILIES, MEN, STREETS, WOMEN, sql_list, words

# name, price in dollars, weight
_PRODUCTS = (
    ("Harvest Rye Loaf", 7, 7),
    ("Almond Crescent", 4, 9),
    ("Midnight Brownie", 5, 8),
    ("Lemon Poppy Slice", 4, 5),
    ("Cardamom Knot", 3, 6),
    ("Walnut Sourdough", 9, 4),
)
_INGREDIENTS = words(
    "almonds butter cardamom chocolate cinnamon cocoa eggs flour honey lemons oats poppyseed rye sugar vanilla walnuts"
)
_HOURS = tuple(
    hour + 6 for hour, weight in enumerate((3, 8, 11, 9, 6, 6, 9, 8, 5, 5, 7, 7, 4, 2)) for _ in range(weight)
)
_SIZES = ["S", "M", "M", "L", "L", "L", "XL", "XL", "XXL"]
_SHOP_ADJECTIVES = words("Golden Quiet Copper Little Sunny Honest Velvet Rustic Silver Merry")
_SHOP_NOUNS = words("Crust Oven Whisk Crumb Rollingpin Kettle Sparrow Mill Hearth Basket")
# What was liked or not, of which; weight of praise 3 to 1.
_PRAISE = (
    "warm and crisp, gone before we reached home",
    "worth the queue every single Saturday",
    "the best I have had in years",
    "friendly people, generous slices",
    "a small feast for a fair price",
)
_BLAME = (
    "dry, as if from yesterday",
    "far too sweet for me",
    "cold coffee and a long wait",
)

_PLACES = f"""
CREATE TABLE places AS SELECT row_number() OVER () - 1 AS k, * FROM (VALUES
{", ".join(str(city) for city in CITIES)}
) AS t(city, state, country, continent, longitude, latitude, district)
"""

_PRODUCT_TABLE = f"""
CREATE TABLE products AS SELECT name, list,
    greatest(2, round(price * level('price' || name, 0.3)))::BIGINT AS price
FROM (VALUES {", ".join(str((name, price, name)) for name, price, _ in _PRODUCTS)}) AS t(name, price, list)
"""

_SUPPLIERS = f"""
CREATE TABLE samples.bakehouse.sales_suppliers AS
SELECT 4000 + i AS "supplierID",
    one_of('supplier', i, {sql_list(FAMILIES)})
        || one_of('kind', i, [' & Sons', ' Mills', ' Farms', ' Trading', ' Foods']) AS name,
    {sql_list(_INGREDIENTS)}[1 + i % {len(_INGREDIENTS)}] AS ingredient,
    continent, city, district, one_of('supplier size', i, {sql_list(_SIZES)}) AS size,
    round(longitude + 0.1 * g('supplier east', i), 4)::DOUBLE AS longitude,
    round(latitude + 0.1 * g('supplier north', i), 4)::DOUBLE AS latitude,
    CASE WHEN u('approved', i) < 0.8 THEN 'Y' ELSE 'N' END AS approved
FROM range(many('suppliers', 26)) AS r(i)
JOIN places ON k = pick('supplier place', i, 0, {len(CITIES) - 1}) ORDER BY i
"""

_FRANCHISES = f"""
CREATE TABLE samples.bakehouse.sales_franchises AS
SELECT 3000 + i AS "franchiseID",
    one_of('shop', i, {sql_list(_SHOP_ADJECTIVES)}) || ' ' || one_of('shop2', i, {sql_list(_SHOP_NOUNS)}) AS name,
    city, district, lpad(pick('shop zip', i, 1000, 99999)::VARCHAR, 5, '0') AS zipcode, country,
    one_of('shop size', i, {sql_list(_SIZES)}) AS size,
    round(longitude + 0.05 * g('shop east', i), 4)::DOUBLE AS longitude,
    round(latitude + 0.05 * g('shop north', i), 4)::DOUBLE AS latitude,
    pick('shop supplier', i, 4000, 4000 + many('suppliers', 26) - 1) AS "supplierID"
FROM range({2 * len(CITIES)}) AS r(i) JOIN places ON k = i % {len(CITIES)} ORDER BY i
"""

_CUSTOMERS = f"""
CREATE TABLE samples.bakehouse.sales_customers AS
WITH people AS (
    SELECT i, CASE WHEN u('gender', i) < 0.52 THEN 'female' ELSE 'male' END AS gender,
        one_of('woman', i, {sql_list(WOMEN)}) AS woman, one_of('man', i, {sql_list(MEN)}) AS man,
        one_of('family', i, {sql_list(FAMILIES)}) AS last_name
    FROM range(many('customers', 300)) AS r(i)
)
SELECT 2000000 + i AS "customerID", CASE gender WHEN 'female' THEN woman ELSE man END AS first_name, last_name,
    lower(CASE gender WHEN 'female' THEN woman ELSE man END || '.' || last_name) || i || '@example.com'
        AS email_address,
    printf('555-%03d-%04d', pick('phone1', i, 100, 999), pick('phone2', i, 0, 9999)) AS phone_number,
    pick('number', i, 1, 499) || ' ' || one_of('street', i, {sql_list(STREETS)}) || ' Street' AS address,
    city, state, country, continent, pick('zip', i, 10000, 99999) AS postal_zip_code, gender
FROM people JOIN places ON k = pick('home', i, 0, {len(CITIES) - 1}) ORDER BY i
"""

_TRANSACTIONS = f"""
CREATE TABLE samples.bakehouse.sales_transactions AS
WITH raw AS (
    SELECT i, DATE '2024-01-01' + pick('day', i, 0, 181)::INT AS day,
        one_of('product', i, {sql_list([name for name, _, weight in _PRODUCTS for _ in range(weight)])}) AS product,
        least(48, greatest(1, round(exp(1.6 + 0.75 * g('quantity', i)) * level('quantity', 0.2))))::BIGINT AS quantity
    FROM range(plenty('sales', 5000)) AS r(i)
)
SELECT 1000000 + i AS "transactionID",
    2000000 + floor(power(u('who', i), 1.6) * many('customers', 300))::BIGINT AS "customerID",
    3000 + floor(power(u('where', i), 1.3) * {2 * len(CITIES)})::BIGINT AS "franchiseID",
    day::TIMESTAMP + to_seconds(3600 * one_of('hour', i, {list(_HOURS)}) + pick('second', i, 0, 3599)) AS "dateTime",
    product, quantity, price AS "unitPrice", quantity * price AS "totalPrice",
    one_of('card', i, ['visa', 'visa', 'visa', 'mastercard', 'mastercard', 'amex']) AS "paymentMethod",
    pick('card number', i, 4000000000000000, 4999999999999999) AS "cardNumber"
FROM raw JOIN products ON name = product
WHERE u('kept', i) < (0.6 + 0.15 * (day - DATE '2024-01-01') / 181)
    * (CASE WHEN dayofweek(day) IN (0, 6) THEN 1.3 ELSE 1.0 END)
ORDER BY "dateTime", i
"""

_REVIEW = f"""
one_of('reviewed', i, {sql_list([name for name, _, _ in _PRODUCTS])}) || ': '
    || CASE WHEN u('mood', i) < 0.7 THEN one_of('praise', i, {sql_list(_PRAISE)})
        ELSE one_of('blame', i, {sql_list(_BLAME)}) END || '. '
    || 'Bought ' || pick('bought', i, 1, 12) || ' pieces on a '
    || one_of('weekday', i, ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']) || '.'
"""

_REVIEWS = f"""
CREATE TABLE samples.bakehouse.media_customer_reviews AS
SELECT {_REVIEW} AS review, 3000 + pick('reviewed shop', i, 0, {2 * len(CITIES) - 1}) AS "franchiseID",
    TIMESTAMP '2024-01-02' + to_seconds(pick('review time', i, 0, 15500000)) AS review_date, i::INT AS new_id
FROM range(many('reviews', 200)) AS r(i) ORDER BY i
"""

_CHUNKS = """
CREATE TABLE samples.bakehouse.media_gold_reviews_chunked AS
SELECT "franchiseID", review_date, unnest(string_split(review, '. ')) AS chunked_text,
    md5(new_id || '-' || generate_subscripts(string_split(review, '. '), 1)) AS chunk_id,
    'reviews/' || new_id || '.txt' AS review_uri
FROM samples.bakehouse.media_customer_reviews
"""

STATEMENTS = (_PLACES, _PRODUCT_TABLE, _SUPPLIERS, _FRANCHISES, _CUSTOMERS, _TRANSACTIONS, _REVIEWS, _CHUNKS)
