"""Orders of parts, of the shape of the TPC-H benchmark: eight tables, foreign keys hold, prices add up.

Orders grow over the years and dip in February; the segments differ in size.
"""

# ruff: noqa: S608 - SQL put together from our own constants
from __future__ import annotations

from eval_pipeline.workspace.samples.names import sql_list

_NATIONS = (
    "ALGERIA 0,ARGENTINA 1,BRAZIL 1,CANADA 1,EGYPT 4,ETHIOPIA 0,FRANCE 3,GERMANY 3,INDIA 2,INDONESIA 2,IRAN 4,IRAQ 4,"
    "JAPAN 2,JORDAN 4,KENYA 0,MOROCCO 0,MOZAMBIQUE 0,PERU 1,CHINA 2,ROMANIA 3,SAUDI ARABIA 4,VIETNAM 2,RUSSIA 3,"
    "UNITED KINGDOM 3,UNITED STATES 1"
)
_REGIONS = ("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")


def _list(text: str, separator: str = " ") -> str:
    return sql_list(text.split(separator))


_SEGMENTS = _list("AUTOMOBILE BUILDING BUILDING FURNITURE HOUSEHOLD HOUSEHOLD HOUSEHOLD MACHINERY MACHINERY")
_COLORS = _list(
    "amber azure beige coral cream forest ivory khaki lime linen magenta olive orchid plum rose sienna teal violet"
)
_REMARKS = _list(
    "packed with care,waits for the carrier,ordered by telephone,checked twice,asked for a later day,"
    "sent with the last truck,kept in the dry store,paid in advance",
    ",",
)
_MODES = _list("AIR,FOB,MAIL,RAIL,REG AIR,SHIP,SHIP,TRUCK,TRUCK", ",")
_INSTRUCTIONS = _list("COLLECT COD,DELIVER IN PERSON,NONE,TAKE BACK RETURN", ",")
_PRIORITIES = _list("1-URGENT,2-HIGH,3-MEDIUM,4-NOT SPECIFIED,5-LOW", ",")

_PHONE = (
    "printf('%d-%03d-%03d-%04d', 10 + {nation}, pick('{who}1', i, 100, 999), pick('{who}2', i, 100, 999), "
    "pick('{who}3', i, 0, 9999))"
)
_ADDRESS = "pick('{who} number', i, 1, 999) || ' ' || one_of('{who} road', i, " + _COLORS + ") || ' road'"
_SUPPLIERS = "many('suppliers', 60)"
_CUSTOMERS = "many('customers', 320)"
_PARTS = "many('parts', 200)"

_REGION = f"""
CREATE TABLE samples.tpch.region AS SELECT * FROM (VALUES
{", ".join(f"({key}::BIGINT, '{name}', 'region {key}')" for key, name in enumerate(_REGIONS))}
) AS t(r_regionkey, r_name, r_comment)
"""

_NATION = f"""
CREATE TABLE samples.tpch.nation AS SELECT * FROM (VALUES
{", ".join(f"({i}::BIGINT, '{n[:-2]}', {n[-1]}::BIGINT, 'nation {i}')" for i, n in enumerate(_NATIONS.split(",")))}
) AS t(n_nationkey, n_name, n_regionkey, n_comment)
"""

_SUPPLIER = f"""
CREATE TABLE samples.tpch.supplier AS
SELECT i AS s_suppkey, printf('Supplier#%09d', i) AS s_name, {_ADDRESS.format(who="supplier")} AS s_address,
    nation AS s_nationkey, {_PHONE.format(nation="nation", who="supplier phone")} AS s_phone,
    round(4500 * level('supplier balance', 0.3) + 3200 * g('supplier balance', i), 2)::DECIMAL(18, 2) AS s_acctbal,
    one_of('supplier remark', i, {_REMARKS}) AS s_comment
FROM (SELECT i, pick('supplier nation', i, 0, 24) AS nation FROM range(1, {_SUPPLIERS} + 1) AS r(i))
"""

_CUSTOMER = f"""
CREATE TABLE samples.tpch.customer AS
SELECT i AS c_custkey, printf('Customer#%09d', i) AS c_name, {_ADDRESS.format(who="customer")} AS c_address,
    nation AS c_nationkey, {_PHONE.format(nation="nation", who="customer phone")} AS c_phone,
    round(4400 * level('customer balance', 0.3) + 3300 * g('customer balance', i), 2)::DECIMAL(18, 2) AS c_acctbal,
    one_of('segment', i, {_SEGMENTS}) AS c_mktsegment, one_of('customer remark', i, {_REMARKS}) AS c_comment
FROM (SELECT i, pick('customer nation', i, 0, 24) AS nation FROM range(1, {_CUSTOMERS} + 1) AS r(i))
"""

_PART = f"""
CREATE TABLE samples.tpch.part AS
SELECT i AS p_partkey, one_of('color', i, {_COLORS}) || ' ' || one_of('color2', i, {_COLORS}) AS p_name,
    'Manufacturer#' || maker AS p_mfgr, 'Brand#' || maker || pick('brand', i, 1, 5) AS p_brand,
    one_of('size word', i, {_list("ECONOMY LARGE MEDIUM PROMO SMALL STANDARD")}) || ' '
        || one_of('finish', i, {_list("ANODIZED BRUSHED BURNISHED PLATED POLISHED")}) || ' '
        || one_of('metal', i, {_list("BRASS COPPER NICKEL STEEL TIN")}) AS p_type,
    pick('part size', i, 1, 50)::INT AS p_size,
    one_of('box size', i, {_list("JUMBO LG MED SM WRAP")}) || ' '
        || one_of('box', i, {_list("BAG BOX CASE DRUM JAR PACK")}) AS p_container,
    round((900 + 1100 * u('retail', i)) * level('retail', 0.25), 2)::DECIMAL(18, 2) AS p_retailprice,
    one_of('part remark', i, {_REMARKS}) AS p_comment
FROM (SELECT i, pick('maker', i, 1, 5) AS maker FROM range(1, {_PARTS} + 1) AS r(i))
"""

# The k-th supplier of a part; four different ones, as there are always more than 60.
_SUPPLIER_OF = "(1 + (hash({part}) % 1000003 + {k} * 15) % " + _SUPPLIERS + ")::BIGINT"

_PARTSUPP = f"""
CREATE TABLE samples.tpch.partsupp AS
SELECT p_partkey AS ps_partkey, {_SUPPLIER_OF.format(part="p_partkey", k="k")} AS ps_suppkey,
    pick('stock', p_partkey * 4 + k, 1, 9999)::INT AS ps_availqty,
    round(p_retailprice * (0.35 + 0.4 * u('cost', p_partkey * 4 + k)), 2)::DECIMAL(18, 2) AS ps_supplycost,
    one_of('stock remark', p_partkey * 4 + k, {_REMARKS}) AS ps_comment
FROM samples.tpch.part, range(4) AS r(k)
"""

_ORDERS = """
CREATE TABLE bare_orders AS
WITH drawn AS (
    SELECT i, DATE '1992-01-01' + floor(power(u('order day', i), 0.85) * 2406)::INT AS day
    FROM range(1, plenty('orders', 1250)) AS r(i)
)
SELECT i, day FROM drawn
WHERE u('order kept', i) < CASE month(day) WHEN 2 THEN 0.7 WHEN 11 THEN 1.0 WHEN 12 THEN 1.0 ELSE 0.88 END
"""

_LINEITEM = f"""
CREATE TABLE samples.tpch.lineitem AS
WITH lines AS (
    SELECT o.i AS o, o.day, n, o.i * 8 + n AS i, pick('line part', o.i * 8 + n, 1, {_PARTS}) AS part,
        pick('line supplier', o.i * 8 + n, 0, 3) AS k, pick('line pieces', o.i * 8 + n, 1, 50) AS pieces
    FROM bare_orders AS o, range(1, 8) AS r(n) WHERE n <= pick('lines', o.i, 1, 7)
), shipped AS (
    SELECT *, day + pick('ship', i, 1, 121)::INT AS ship,
        day + pick('commit', i, 30, 90)::INT AS promised FROM lines
), received AS (SELECT *, ship + pick('receive', i, 1, 30)::INT AS receipt FROM shipped)
SELECT o * 4 AS l_orderkey, part AS l_partkey, {_SUPPLIER_OF.format(part="part", k="k")} AS l_suppkey,
    n::INT AS l_linenumber, pieces::DECIMAL(18, 2) AS l_quantity,
    (pieces * p_retailprice)::DECIMAL(18, 2) AS l_extendedprice,
    (pick('discount', i, 0, 10) / 100)::DECIMAL(18, 2) AS l_discount,
    (pick('tax', i, 0, 8) / 100)::DECIMAL(18, 2) AS l_tax,
    CASE WHEN receipt > DATE '1995-06-17' THEN 'N' WHEN u('returned', i) < 0.5 * level('returned', 0.2) THEN 'R'
        ELSE 'A' END AS l_returnflag,
    CASE WHEN ship > DATE '1995-06-17' THEN 'O' ELSE 'F' END AS l_linestatus,
    ship AS l_shipdate, promised AS l_commitdate, receipt AS l_receiptdate,
    one_of('instruction', i, {_INSTRUCTIONS}) AS l_shipinstruct, one_of('mode', i, {_MODES}) AS l_shipmode,
    one_of('line remark', i, {_REMARKS}) AS l_comment
FROM received JOIN samples.tpch.part ON p_partkey = part ORDER BY l_orderkey, n
"""

_ORDERS_PRICED = f"""
CREATE TABLE samples.tpch.orders AS
WITH totals AS (
    SELECT l_orderkey, sum(l_extendedprice * (1 + l_tax) * (1 - l_discount)) AS total,
        CASE WHEN min(l_linestatus) = 'O' THEN 'O' WHEN max(l_linestatus) = 'F' THEN 'F' ELSE 'P' END AS status
    FROM samples.tpch.lineitem GROUP BY l_orderkey
)
SELECT i * 4 AS o_orderkey, 1 + floor(power(u('buyer', i), 1.5) * {_CUSTOMERS})::BIGINT AS o_custkey,
    status AS o_orderstatus, round(total, 2)::DECIMAL(18, 2) AS o_totalprice, day AS o_orderdate,
    one_of('priority', i, {_PRIORITIES}) AS o_orderpriority, printf('Clerk#%09d', pick('clerk', i, 1, 40)) AS o_clerk,
    0::INT AS o_shippriority, one_of('order remark', i, {_REMARKS}) AS o_comment
FROM bare_orders JOIN totals ON l_orderkey = i * 4 ORDER BY o_orderkey
"""

STATEMENTS = (_REGION, _NATION, _SUPPLIER, _CUSTOMER, _PART, _PARTSUPP, _ORDERS, _LINEITEM, _ORDERS_PRICED)
