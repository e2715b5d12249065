"""The question that the page asks, and what it makes of the answer."""

import pandas as pd

QUERY = """
SELECT n.n_name AS nation, COUNT(*) AS customers, ROUND(SUM(c.c_acctbal), 2) AS balance
FROM samples.tpch.customer c JOIN samples.tpch.nation n ON n.n_nationkey = c.c_nationkey
GROUP BY n.n_name
ORDER BY balance DESC
LIMIT 10
"""


def totals(rows: list[list[str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["nation", "customers", "balance"])
    return frame.astype({"customers": int, "balance": float})
