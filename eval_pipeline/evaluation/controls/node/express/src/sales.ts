import type { Statement } from "./warehouse";

export interface Sale {
  product: string;
  orders: number;
  revenue: number;
}

const QUERY = `SELECT product, COUNT(*) AS orders, SUM(totalPrice) AS revenue
FROM samples.bakehouse.sales_transactions GROUP BY product ORDER BY revenue DESC`;

/** Revenue by product, the greatest first. */
export async function sales(statement: Statement): Promise<Sale[]> {
  const rows = await statement(QUERY);
  return rows.map(([product, orders, revenue]) => ({
    product: product ?? "unknown",
    orders: Number(orders),
    revenue: Number(revenue),
  }));
}
