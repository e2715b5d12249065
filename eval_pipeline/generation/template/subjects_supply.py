"""What is delivered: the order lines and the stock of the wholesale tables (TPC-H) as subjects."""

from __future__ import annotations

from eval_pipeline.generation.template.catalogue import (
    Detail,
    Dimension,
    Join,
    Measure,
    Subject,
    Threshold,
    bands,
    month_of_year,
    year,
)
from eval_pipeline.generation.template.places import place_joins, places

_REVENUE = "l.l_extendedprice * (1 - l.l_discount)"
_LATE = "CASE WHEN l.l_receiptdate > l.l_commitdate THEN 1.0 ELSE 0.0 END"
_RETURNED = "CASE WHEN l.l_returnflag = 'R' THEN 1.0 ELSE 0.0 END"
LINES = Subject(
    name="lines",
    title="Shipments",
    table="samples.tpch.lineitem",
    alias="l",
    words=(
        "ship, shipment, shipping, shipped, delivery, deliver, late, delay, return, returned, discount, "
        "margin, profit, part, brand, lead time, ship mode, line, carrier, freight, promise, on time, "
        "transport, tax"
    ),
    joins=(
        Join("samples.tpch.part", "p", "p.p_partkey = l.l_partkey"),
        Join("samples.tpch.supplier", "s", "s.s_suppkey = l.l_suppkey"),
        Join("samples.tpch.partsupp", "ps", "ps.ps_partkey = l.l_partkey AND ps.ps_suppkey = l.l_suppkey"),
        *place_joins("s.s_nationkey", ("s",)),
    ),
    time="l.l_shipdate",
    time_label="Shipped on",
    grain="month",
    measures=(
        Measure(
            "revenue",
            "Revenue",
            f"SUM({_REVENUE})",
            "money",
            "revenue, sale, turnover, income, money, net sales, earn, bring in",
            adds_up=True,
        ),
        Measure(
            "lines",
            "Order lines",
            "COUNT(*)",
            "count",
            "number of shipments, how many shipments, shipments, deliveries, volume shipped",
            adds_up=True,
        ),
        Measure(
            "pieces",
            "Pieces shipped",
            "SUM(l.l_quantity)",
            "count",
            "piece, quantity, units, unit, how much we ship",
            adds_up=True,
        ),
        Measure(
            "late_share",
            "Late-delivery rate",
            f"AVG({_LATE})",
            "percent",
            (
                "late, delay, on time, delivered late, late delivery, late share, promise, punctual, miss, overdue, "
                "behind"
            ),
        ),
        Measure(
            "delivery_days",
            "Days to deliver",
            "AVG(DATEDIFF(l.l_receiptdate, l.l_shipdate))",
            "number",
            "days to deliver, delivery time, lead time, how long, transit, days, duration, takes",
        ),
        Measure(
            "return_share",
            "Return rate",
            f"AVG({_RETURNED})",
            "percent",
            "return, returned, return rate, sent back, come back, returns",
        ),
        Measure(
            "average_discount",
            "Average discount",
            "AVG(l.l_discount)",
            "percent",
            "average discount, rebate, price cut, mark down",
        ),
        Measure(
            "profit",
            "Profit",
            f"SUM({_REVENUE} - ps.ps_supplycost * l.l_quantity)",
            "money",
            "profit, earnings, contribution, what we keep, gain",
            ("ps",),
            adds_up=True,
        ),
        Measure(
            "margin",
            "Margin",
            f"SUM({_REVENUE} - ps.ps_supplycost * l.l_quantity) / NULLIF(SUM({_REVENUE}), 0)",
            "percent",
            "margin, profitability, profitable, margin percentage",
            ("ps",),
        ),
    ),
    dimensions=(
        Dimension(
            "ship_mode",
            "Ship mode",
            "l.l_shipmode",
            "few",
            (
                "ship mode, mode, truck, rail, air, mail, carrier, transport, how it was shipped, freight, way of "
                "shipping"
            ),
            format="name",
        ),
        Dimension(
            "return_flag",
            "Return status",
            "CASE l.l_returnflag WHEN 'R' THEN 'Returned' WHEN 'A' THEN 'Accepted' ELSE 'Neither' END",
            "few",
            "return status, return flag, accepted",
        ),
        Dimension("manufacturer", "Manufacturer", "p.p_mfgr", "few", "manufacturer, maker, mfgr, made by", ("p",)),
        Dimension("brand", "Brand", "p.p_brand", "some", "brand, label", ("p",)),
        Dimension(
            "part_type",
            "Part type",
            "p.p_type",
            "many",
            "part type, type of part, kind of part, material, part, metal",
            ("p",),
            "name",
        ),
        Dimension(
            "container",
            "Container",
            "p.p_container",
            "many",
            "container, packaging, box, package",
            ("p",),
            "name",
        ),
        *places("Supplier's", ("s",)),
        Dimension(
            "supplier",
            "Supplier",
            "s.s_name",
            "many",
            "by supplier, per supplier, each supplier, which supplier, vendor, who supplies",
            ("s",),
        ),
        Dimension(
            "discount_level",
            "Discount",
            "CONCAT(LPAD(CAST(CAST(l.l_discount * 100 AS INT) AS STRING), 2, '0'), '%')",
            "some",
            "discount level, discount, each discount, size of discount, depth of discount",
            in_order=True,
        ),
        year("l.l_shipdate"),
        month_of_year("l.l_shipdate"),
    ),
    thresholds=(
        Threshold(
            "min_quantity",
            "Pieces, at least",
            "l.l_quantity",
            1,
            "at least, minimum quantity, large lines, bulk, minimum, big lines",
        ),
    ),
    details=(
        Detail("order_number", "Order", "CAST(l.l_orderkey AS STRING)", "text"),
        Detail("part", "Part", "p.p_name", "text", ("p",)),
        Detail("supplier", "Supplier", "s.s_name", "text", ("s",)),
        Detail("shipped_on", "Shipped on", "l.l_shipdate", "day"),
        Detail("promised_on", "Promised for", "l.l_commitdate", "day"),
        Detail("received_on", "Received on", "l.l_receiptdate", "day"),
        Detail("ship_mode", "Ship mode", "l.l_shipmode", "name"),
        Detail("revenue", "Revenue", _REVENUE, "money"),
    ),
    detail_order="shipped_on",
)


STOCK = Subject(
    name="stock",
    title="Stock and supply",
    table="samples.tpch.partsupp",
    alias="ps",
    words=(
        "stock, inventory, available, availability, supply cost, supplier, warehouse, purchase, reorder, "
        "part, procurement, on hand, retail price"
    ),
    joins=(
        Join("samples.tpch.part", "p", "p.p_partkey = ps.ps_partkey"),
        Join("samples.tpch.supplier", "s", "s.s_suppkey = ps.ps_suppkey"),
        *place_joins("s.s_nationkey", ("s",)),
    ),
    measures=(
        Measure(
            "pieces",
            "Pieces on stock",
            "SUM(ps.ps_availqty)",
            "count",
            "stock, piece, inventory, available, availability, on hand, quantity, unit, pieces on stock",
            adds_up=True,
        ),
        Measure(
            "stock_value",
            "Stock value",
            "SUM(ps.ps_availqty * ps.ps_supplycost)",
            "money",
            "stock value, inventory value, value, tied up, worth, money, capital",
            adds_up=True,
        ),
        Measure(
            "average_cost",
            "Average supply cost",
            "AVG(ps.ps_supplycost)",
            "money",
            "cost, supply cost, average cost, price, purchase price, expensive, cheap, cheapest",
        ),
        Measure(
            "parts",
            "Parts",
            "COUNT(DISTINCT ps.ps_partkey)",
            "count",
            "how many parts, number of parts",
        ),
        Measure(
            "suppliers",
            "Suppliers",
            "COUNT(DISTINCT ps.ps_suppkey)",
            "count",
            "how many suppliers, number of suppliers, suppliers per",
        ),
        Measure(
            "markup",
            "Retail price over cost",
            "SUM(p.p_retailprice) / NULLIF(SUM(ps.ps_supplycost), 0) - 1",
            "percent",
            "markup, mark up, retail, retail price, margin",
            ("p",),
        ),
    ),
    dimensions=(
        Dimension("manufacturer", "Manufacturer", "p.p_mfgr", "few", "manufacturer, maker, mfgr", ("p",)),
        Dimension("brand", "Brand", "p.p_brand", "some", "brand, label", ("p",)),
        *places("Supplier's", ("s",)),
        Dimension(
            "supplier",
            "Supplier",
            "s.s_name",
            "many",
            "by supplier, per supplier, each supplier, which supplier, vendor, who supplies",
            ("s",),
        ),
        Dimension(
            "part_type",
            "Part type",
            "p.p_type",
            "many",
            "part type, type of part, kind of part, material, metal",
            ("p",),
            "name",
        ),
        Dimension(
            "container",
            "Container",
            "p.p_container",
            "many",
            "container, packaging, box, package",
            ("p",),
            "name",
        ),
        Dimension(
            "size_band",
            "Part size",
            bands("p.p_size", ((11, "1 to 10"), (26, "11 to 25"), (41, "26 to 40")), "41 to 50"),
            "few",
            "size, part size, small parts, big parts",
            ("p",),
            in_order=True,
            sort="p.p_size",
        ),
    ),
    thresholds=(
        Threshold("min_stock", "Pieces, at least", "ps.ps_availqty", 100, "at least, minimum, above, more than, over"),
    ),
    details=(
        Detail("part", "Part", "p.p_name", "text", ("p",)),
        Detail("brand", "Brand", "p.p_brand", "text", ("p",)),
        Detail("supplier", "Supplier", "s.s_name", "text", ("s",)),
        Detail("nation", "Nation", "n.n_name", "name", ("s", "n")),
        Detail("pieces", "Pieces", "ps.ps_availqty", "count"),
        Detail("cost", "Supply cost", "ps.ps_supplycost", "money"),
        Detail("retail", "Retail price", "p.p_retailprice", "money", ("p",)),
    ),
    detail_order="pieces",
)
