"""The bakery chain's tables as subjects: sales, reviews, suppliers."""

from __future__ import annotations

from eval_pipeline.generation.template.catalogue import (
    Detail,
    Dimension,
    Join,
    Measure,
    Subject,
    Threshold,
    hour,
    weekday,
)

_SHOP = Join("samples.bakehouse.sales_franchises", "f", "f.franchiseID = s.franchiseID")
_CUSTOMER = Join("samples.bakehouse.sales_customers", "c", "c.customerID = s.customerID")

SALES = Subject(
    name="sales",
    title="Bakery sales",
    table="samples.bakehouse.sales_transactions",
    alias="s",
    words="bakery, cookie, sale, sold, sell, shop, product, payment, card, till, transaction, basket, bake",
    joins=(_SHOP, _CUSTOMER),
    time="s.dateTime",
    time_label="Sold on",
    grain="week",
    clock=True,
    measures=(
        Measure(
            "revenue",
            "Revenue",
            "SUM(s.totalPrice)",
            "money",
            "revenue, turnover, takings, earn, money, income, make, bring in, spend, spent",
            adds_up=True,
        ),
        Measure(
            "sales",
            "Sales",
            "COUNT(*)",
            "count",
            (
                "number of sales, how many sales, number of transactions, sales count, how often, purchase, busy, "
                "busiest, traffic"
            ),
            adds_up=True,
        ),
        Measure(
            "average_sale",
            "Average sale",
            "SUM(s.totalPrice) / NULLIF(COUNT(*), 0)",
            "money",
            (
                "average sale, average basket, basket, ticket, average order, average transaction, average spend, "
                "basket size"
            ),
        ),
        Measure(
            "pieces",
            "Pieces sold",
            "SUM(s.quantity)",
            "count",
            "piece, unit, quantity, volume, how many cookies, cookies sold, items",
            adds_up=True,
        ),
        Measure(
            "pieces_per_sale",
            "Pieces per sale",
            "SUM(s.quantity) / NULLIF(COUNT(*), 0)",
            "number",
            "pieces per sale, units per sale, items per sale, per basket",
        ),
        Measure(
            "customers",
            "Customers",
            "COUNT(DISTINCT s.customerID)",
            "count",
            "customer count, how many customers, number of customers, distinct customers, loyal, unique customers",
        ),
        Measure(
            "revenue_per_customer",
            "Revenue per customer",
            "SUM(s.totalPrice) / NULLIF(COUNT(DISTINCT s.customerID), 0)",
            "money",
            "revenue per customer, spend per customer, per customer, per head, worth",
        ),
    ),
    dimensions=(
        Dimension(
            "product",
            "Product",
            "s.product",
            "few",
            "product, cookie, flavour, flavor, item, pastry, assortment",
        ),
        Dimension(
            "payment",
            "Payment method",
            "s.paymentMethod",
            "few",
            "payment, card, pay, paid, visa, payment method",
        ),
        Dimension(
            "shop",
            "Shop",
            "f.name",
            "many",
            "our shops, by shop, per shop, each shop, which shop, one shop, a shop, location, branch",
            ("f",),
        ),
        Dimension("country", "Country", "f.country", "some", "country, nation, market, international, abroad", ("f",)),
        Dimension("city", "City", "f.city", "some", "city, town", ("f",)),
        Dimension(
            "shop_size",
            "Shop size",
            "f.size",
            "few",
            "by shop size, per shop size, shop size, size, large shop, small shop, bigger shop, format",
            ("f",),
        ),
        Dimension(
            "customer_continent",
            "Customer's continent",
            "c.continent",
            "few",
            "continent, customers come from, where customer, origin",
            ("c",),
        ),
        Dimension("gender", "Customer's gender", "c.gender", "few", "gender, women, men, female, male, sex", ("c",)),
        weekday("s.dateTime"),
        hour("s.dateTime", "night, clock, late, lunch"),
    ),
    thresholds=(
        Threshold(
            "min_total",
            "Sale of at least ($)",
            "s.totalPrice",
            1,
            "at least, big sales, large sale, over, above, minimum, large orders, big orders",
        ),
    ),
    details=(
        Detail("sold_at", "Sold at", "s.dateTime", "time"),
        Detail("shop", "Shop", "f.name", "text", ("f",)),
        Detail("product", "Product", "s.product", "text"),
        Detail("quantity", "Pieces", "s.quantity", "count"),
        Detail("unit_price", "Price of one", "s.unitPrice", "money"),
        Detail("total", "Total", "s.totalPrice", "money"),
        Detail("payment", "Payment", "s.paymentMethod", "text"),
    ),
    detail_order="sold_at",
)

REVIEWS = Subject(
    name="reviews",
    title="Bakery reviews",
    table="samples.bakehouse.media_customer_reviews",
    alias="s",
    words="review, feedback, comment, opinion, say about, write, wrote, written, complaint, voice, mention",
    joins=(_SHOP,),
    time="s.review_date",
    time_label="Written on",
    grain="week",
    measures=(
        Measure(
            "reviews",
            "Reviews",
            "COUNT(*)",
            "count",
            "number of reviews, how many reviews, feedback volume, how much feedback",
            adds_up=True,
        ),
        Measure(
            "shops",
            "Shops reviewed",
            "COUNT(DISTINCT s.franchiseID)",
            "count",
            "shops reviewed, how many shops, coverage",
        ),
        Measure(
            "reviews_per_shop",
            "Reviews per shop",
            "COUNT(*) / NULLIF(COUNT(DISTINCT s.franchiseID), 0)",
            "number",
            "reviews per shop, per shop",
        ),
        Measure(
            "average_length",
            "Average length (characters)",
            "AVG(LENGTH(s.review))",
            "number",
            "length, longest, characters, words, detail",
        ),
    ),
    dimensions=(
        Dimension("country", "Country", "f.country", "some", "country, market", ("f",)),
        Dimension("city", "City", "f.city", "some", "city, town", ("f",)),
        Dimension(
            "shop",
            "Shop",
            "f.name",
            "many",
            "our shops, by shop, per shop, each shop, which shop, one shop, a shop, location, branch",
            ("f",),
        ),
        Dimension(
            "shop_size",
            "Shop size",
            "f.size",
            "few",
            "by shop size, per shop size, shop size, size, large shop, small shop",
            ("f",),
        ),
        weekday("s.review_date"),
    ),
    details=(
        Detail("written_at", "Written on", "CAST(s.review_date AS DATE)", "day"),
        Detail("shop", "Shop", "f.name", "text", ("f",)),
        Detail("city", "City", "f.city", "text", ("f",)),
        Detail("review", "Review", "s.review", "text"),
    ),
    detail_order="written_at",
)

SUPPLIERS = Subject(
    name="ingredients",
    title="Bakery suppliers",
    table="samples.bakehouse.sales_suppliers",
    alias="s",
    words="supplier, ingredient, flour, sugar, approved, approval, source, procurement, buy from",
    measures=(
        Measure(
            "suppliers",
            "Suppliers",
            "COUNT(*)",
            "count",
            "number of suppliers, how many suppliers",
            adds_up=True,
        ),
        Measure(
            "approved",
            "Approved suppliers",
            "COUNT(CASE WHEN s.approved = 'Y' THEN 1 END)",
            "count",
            "approved suppliers, number approved",
            adds_up=True,
        ),
        Measure(
            "approval_rate",
            "Approval rate",
            "AVG(CASE WHEN s.approved = 'Y' THEN 1.0 ELSE 0.0 END)",
            "percent",
            "approval rate, share approved, approval, percent approved, not approved, unapproved",
        ),
        Measure(
            "ingredients",
            "Ingredients",
            "COUNT(DISTINCT s.ingredient)",
            "count",
            "number of ingredients, distinct ingredients, different ingredients",
        ),
        Measure("cities", "Cities", "COUNT(DISTINCT s.city)", "count", "how many cities, number of cities"),
    ),
    dimensions=(
        Dimension("ingredient", "Ingredient", "s.ingredient", "some", "ingredient, what they supply, product, flour"),
        Dimension("continent", "Continent", "s.continent", "few", "continent, region, where, world, part of the world"),
        Dimension("size", "Company size", "s.size", "few", "size, large, small, big, company size"),
        Dimension("city", "City", "s.city", "some", "city, town"),
        Dimension(
            "approval",
            "Approval",
            "CASE WHEN s.approved = 'Y' THEN 'Approved' ELSE 'Not approved' END",
            "few",
            "approval, approved, not approved, status, unapproved",
        ),
    ),
    details=(
        Detail("supplier", "Supplier", "s.name", "text"),
        Detail("ingredient", "Ingredient", "s.ingredient", "text"),
        Detail("city", "City", "s.city", "text"),
        Detail("continent", "Continent", "s.continent", "text"),
        Detail("size", "Size", "s.size", "text"),
        Detail("approval", "Approved", "s.approved", "text"),
    ),
    detail_order="supplier",
)
