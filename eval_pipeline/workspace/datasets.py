"""What the sample tables are: names, columns, types, meaning.

Values only, shared by the engine (SHOW, DESCRIBE, information_schema), prompts, the template generator and docs. The
columns are those of the tables that Databricks ships under the same names; the rows are drawn in `samples/`.
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_SCHEMA_VERSION = 2
"""Part of cache keys: raise it when a table, a column or a distribution changes."""

CATALOG = "samples"


@dataclass(frozen=True)
class Column:
    """A column; `type` is as DESCRIBE writes it (`decimal(18,2)`)."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Dataset:
    """A table; `full_name` is catalog.schema.table."""

    full_name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> str:
        return self.full_name.split(".")[1]

    @property
    def table(self) -> str:
        return self.full_name.split(".")[2]


def _dataset(full_name: str, description: str, columns: str) -> Dataset:
    """`columns` holds a line per column: name, type, description."""
    rows = (line.split(maxsplit=2) for line in columns.strip().splitlines())
    return Dataset(full_name, description, tuple(Column(*row) for row in rows))


_ALL = (
    _dataset(
        "samples.nyctaxi.trips",
        "A row per taxi trip in New York City, January and February 2016.",
        """
        tpep_pickup_datetime timestamp When the trip began (UTC)
        tpep_dropoff_datetime timestamp When the trip ended (UTC)
        trip_distance double Miles driven
        fare_amount double Fare in US dollars
        pickup_zip int ZIP code where the trip began
        dropoff_zip int ZIP code where the trip ended
        """,
    ),
    _dataset(
        "samples.bakehouse.sales_transactions",
        "A row per sale of a product at a bakery franchise, January to June 2024.",
        """
        transactionID bigint Key
        customerID bigint Buyer, of sales_customers
        franchiseID bigint Shop, of sales_franchises
        dateTime timestamp When it was sold (UTC)
        product string Product's name
        quantity bigint Pieces sold
        unitPrice bigint Price of one piece in US dollars
        totalPrice bigint quantity × unitPrice
        paymentMethod string visa, mastercard or amex
        cardNumber bigint Made-up card number
        """,
    ),
    _dataset(
        "samples.bakehouse.sales_customers",
        "A row per customer of the bakeries.",
        """
        customerID bigint Key
        first_name string Given name
        last_name string Family name
        email_address string Made-up e-mail address
        phone_number string Made-up telephone number
        address string Street and number
        city string City
        state string State or province
        country string Country
        continent string Continent
        postal_zip_code bigint Postal code
        gender string female or male
        """,
    ),
    _dataset(
        "samples.bakehouse.sales_franchises",
        "A row per bakery shop.",
        """
        franchiseID bigint Key
        name string Shop's name
        city string City
        district string Part of the city
        zipcode string Postal code
        country string Country
        size string S, M, L, XL or XXL
        longitude double Degrees east
        latitude double Degrees north
        supplierID bigint Main supplier, of sales_suppliers
        """,
    ),
    _dataset(
        "samples.bakehouse.sales_suppliers",
        "A row per supplier of ingredients.",
        """
        supplierID bigint Key
        name string Supplier's name
        ingredient string What it supplies
        continent string Continent
        city string City
        district string Part of the city
        size string S, M, L, XL or XXL
        longitude double Degrees east
        latitude double Degrees north
        approved string Y or N
        """,
    ),
    _dataset(
        "samples.bakehouse.media_customer_reviews",
        "A row per review that a customer wrote about a shop.",
        """
        review string Text of the review
        franchiseID bigint Shop, of sales_franchises
        review_date timestamp When it was written (UTC)
        new_id int Key
        """,
    ),
    _dataset(
        "samples.bakehouse.media_gold_reviews_chunked",
        "Reviews cut into pieces for retrieval; a row per piece.",
        """
        franchiseID bigint Shop, of sales_franchises
        review_date timestamp When it was written (UTC)
        chunked_text string Piece of the text
        chunk_id string Key
        review_uri string Where the whole review is
        """,
    ),
    _dataset(
        "samples.tpch.region",
        "A row per region of the world; fixed.",
        """
        r_regionkey bigint Key
        r_name string Name, in capitals
        r_comment string Remark
        """,
    ),
    _dataset(
        "samples.tpch.nation",
        "A row per nation; fixed.",
        """
        n_nationkey bigint Key
        n_name string Name, in capitals
        n_regionkey bigint Region, of region
        n_comment string Remark
        """,
    ),
    _dataset(
        "samples.tpch.supplier",
        "A row per supplier of parts.",
        """
        s_suppkey bigint Key
        s_name string Supplier#000000001 and so on
        s_address string Address
        s_nationkey bigint Nation, of nation
        s_phone string Made-up telephone number
        s_acctbal decimal(18,2) Account balance in US dollars
        s_comment string Remark
        """,
    ),
    _dataset(
        "samples.tpch.customer",
        "A row per customer.",
        """
        c_custkey bigint Key
        c_name string Customer#000000001 and so on
        c_address string Address
        c_nationkey bigint Nation, of nation
        c_phone string Made-up telephone number
        c_acctbal decimal(18,2) Account balance in US dollars
        c_mktsegment string AUTOMOBILE, BUILDING, FURNITURE, HOUSEHOLD or MACHINERY
        c_comment string Remark
        """,
    ),
    _dataset(
        "samples.tpch.part",
        "A row per part that is sold.",
        """
        p_partkey bigint Key
        p_name string Two colours
        p_mfgr string Manufacturer#1 to #5
        p_brand string Brand#11 to #55
        p_type string Finish, treatment and metal
        p_size int Size 1 to 50
        p_container string Container
        p_retailprice decimal(18,2) Price in US dollars
        p_comment string Remark
        """,
    ),
    _dataset(
        "samples.tpch.partsupp",
        "A row per part and supplier that has it; four suppliers a part.",
        """
        ps_partkey bigint Part, of part
        ps_suppkey bigint Supplier, of supplier
        ps_availqty int Pieces on stock
        ps_supplycost decimal(18,2) Cost of a piece in US dollars
        ps_comment string Remark
        """,
    ),
    _dataset(
        "samples.tpch.orders",
        "A row per order, 1992 to August 1998.",
        """
        o_orderkey bigint Key
        o_custkey bigint Customer, of customer
        o_orderstatus string F filled, O open, P partly
        o_totalprice decimal(18,2) Price with tax and discount in US dollars
        o_orderdate date Day of the order
        o_orderpriority string 1-URGENT to 5-LOW
        o_clerk string Clerk#000000001 and so on
        o_shippriority int Always 0
        o_comment string Remark
        """,
    ),
    _dataset(
        "samples.tpch.lineitem",
        "A row per line of an order, one to seven an order.",
        """
        l_orderkey bigint Order, of orders
        l_partkey bigint Part, of part
        l_suppkey bigint Supplier, of supplier; with l_partkey of partsupp
        l_linenumber int Line within the order
        l_quantity decimal(18,2) Pieces, 1 to 50
        l_extendedprice decimal(18,2) quantity × the part's price, in US dollars
        l_discount decimal(18,2) Share 0.00 to 0.10
        l_tax decimal(18,2) Share 0.00 to 0.08
        l_returnflag string R returned, A accepted, N neither
        l_linestatus string O open, F filled
        l_shipdate date Day shipped
        l_commitdate date Day promised
        l_receiptdate date Day received
        l_shipinstruct string Instruction
        l_shipmode string AIR, FOB, MAIL, RAIL, REG AIR, SHIP or TRUCK
        l_comment string Remark
        """,
    ),
)

DATASETS: dict[str, Dataset] = {dataset.full_name: dataset for dataset in _ALL}
"""Every sample table by full name."""

SCHEMAS: tuple[str, ...] = tuple(sorted({dataset.schema for dataset in _ALL}))
