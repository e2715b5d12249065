"""Who orders: the orders and customers of the wholesale tables (TPC-H) as subjects."""

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
    weekday,
    year,
)
from eval_pipeline.generation.template.places import place_joins, places

_STATUS = "CASE o.o_orderstatus WHEN 'F' THEN 'Filled' WHEN 'O' THEN 'Open' ELSE 'Partly filled' END"


ORDERS = Subject(
    name="orders",
    title="Orders",
    table="samples.tpch.orders",
    alias="o",
    words="order, ordered, priority, urgent, clerk, order value, backlog, open order, segment, sale, revenue",
    joins=(Join("samples.tpch.customer", "c", "c.c_custkey = o.o_custkey"), *place_joins("c.c_nationkey", ("c",))),
    time="o.o_orderdate",
    time_label="Ordered on",
    grain="month",
    measures=(
        Measure(
            "order_value",
            "Order value",
            "SUM(o.o_totalprice)",
            "money",
            (
                "order value, revenue, sale, turnover, value, money, worth, income, spend, business, bring in, total "
                "price"
            ),
            adds_up=True,
        ),
        Measure(
            "orders",
            "Orders",
            "COUNT(*)",
            "count",
            "number of orders, how many orders, order count, orders per, volume, workload, backlog, handle, placed",
            adds_up=True,
        ),
        Measure(
            "average_order",
            "Average order",
            "AVG(o.o_totalprice)",
            "money",
            "average order, average order value, order size, average value, aov, basket",
        ),
        Measure(
            "customers",
            "Customers who ordered",
            "COUNT(DISTINCT o.o_custkey)",
            "count",
            "how many customers, number of customers, active customers, customers ordered, customers order",
        ),
        Measure(
            "open_share",
            "Share still open",
            "AVG(CASE WHEN o.o_orderstatus = 'O' THEN 1.0 ELSE 0.0 END)",
            "percent",
            "open, still open, not shipped, unfilled, outstanding, open share, unfinished",
        ),
        Measure(
            "urgent_share",
            "Urgent share",
            "AVG(CASE WHEN o.o_orderpriority = '1-URGENT' THEN 1.0 ELSE 0.0 END)",
            "percent",
            "urgent, urgency, rush order, share of urgent",
        ),
        Measure(
            "largest_order",
            "Largest order",
            "MAX(o.o_totalprice)",
            "money",
            "largest order, biggest order, highest order, maximum",
        ),
    ),
    dimensions=(
        Dimension(
            "segment",
            "Market segment",
            "c.c_mktsegment",
            "few",
            "segment, market segment, industry, sector, automobile, machinery",
            ("c",),
            "name",
        ),
        Dimension("priority", "Priority", "o.o_orderpriority", "few", "priority, urgency, urgent", in_order=True),
        Dimension(
            "status",
            "Status",
            _STATUS,
            "few",
            "status, open, filled, state, fulfilment, fulfillment, outstanding, unfinished",
        ),
        *places("Customer's", ("c",)),
        Dimension(
            "customer",
            "Customer",
            "c.c_name",
            "many",
            "by customer, per customer, each customer, top customers, which customers",
            ("c",),
        ),
        Dimension("clerk", "Clerk", "o.o_clerk", "many", "clerk, salesperson, staff, employee, rep"),
        weekday("o.o_orderdate"),
        month_of_year("o.o_orderdate"),
        year("o.o_orderdate"),
    ),
    thresholds=(
        Threshold(
            "min_value",
            "Order of at least ($)",
            "o.o_totalprice",
            1000,
            "at least, above, over, big orders, large orders, minimum, bigger than, threshold",
        ),
    ),
    details=(
        Detail("order_number", "Order", "CAST(o.o_orderkey AS STRING)", "text"),
        Detail("ordered_on", "Ordered on", "o.o_orderdate", "day"),
        Detail("customer", "Customer", "c.c_name", "text", ("c",)),
        Detail("nation", "Nation", "n.n_name", "name", ("c", "n")),
        Detail("priority", "Priority", "o.o_orderpriority", "text"),
        Detail("status", "Status", _STATUS, "text"),
        Detail("value", "Value", "o.o_totalprice", "money"),
    ),
    detail_order="ordered_on",
)


CUSTOMERS = Subject(
    name="customers",
    title="Customers",
    table="samples.tpch.customer",
    alias="c",
    words=(
        "customer, account balance, balance, debt, owe, credit, account, customer base, in the red, directory, contact"
    ),
    joins=place_joins("c.c_nationkey"),
    measures=(
        Measure(
            "customers",
            "Customers",
            "COUNT(*)",
            "count",
            "how many customers, number of customers, customer base",
            adds_up=True,
        ),
        Measure(
            "average_balance",
            "Average balance",
            "AVG(c.c_acctbal)",
            "money",
            "average balance, average account balance, balance per customer",
        ),
        Measure(
            "balance",
            "Total balance",
            "SUM(c.c_acctbal)",
            "money",
            "balance, account balance, total balance, credit, money",
        ),
        Measure(
            "in_debt",
            "Below zero",
            "COUNT(CASE WHEN c.c_acctbal < 0 THEN 1 END)",
            "count",
            "debt, below zero, in the red, negative, owe, overdrawn",
            adds_up=True,
        ),
        Measure(
            "in_debt_share",
            "Share below zero",
            "AVG(CASE WHEN c.c_acctbal < 0 THEN 1.0 ELSE 0.0 END)",
            "percent",
            "share in debt, share below zero, proportion, percentage of customers, share of customers, risk",
        ),
        Measure(
            "lowest_balance",
            "Lowest balance",
            "MIN(c.c_acctbal)",
            "money",
            "lowest balance, worst balance, deepest",
        ),
    ),
    dimensions=(
        Dimension(
            "segment",
            "Market segment",
            "c.c_mktsegment",
            "few",
            "segment, market segment, industry, sector, automobile",
            format="name",
        ),
        *places("Customer's"),
        Dimension(
            "balance_band",
            "Balance",
            bands("c.c_acctbal", ((0, "Below $0"), (2500, "$0 to 2,500"), (5000, "$2,500 to 5,000")), "$5,000 and up"),
            "few",
            "balance band, bracket, bucket, band, spread, distribution, rich, range",
            in_order=True,
            sort="c.c_acctbal",
        ),
    ),
    thresholds=(
        Threshold(
            "min_balance",
            "Balance of at least ($)",
            "c.c_acctbal",
            500,
            "at least, above, over, minimum, balance above",
        ),
    ),
    details=(
        Detail("customer", "Customer", "c.c_name", "text"),
        Detail("segment", "Segment", "c.c_mktsegment", "name"),
        Detail("nation", "Nation", "n.n_name", "name", ("n",)),
        Detail("region", "Region", "r.r_name", "name", ("n", "r")),
        Detail("phone", "Telephone", "c.c_phone", "text"),
        Detail("balance", "Balance", "c.c_acctbal", "money"),
    ),
    detail_order="balance",
)
