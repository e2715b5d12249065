import { z } from "zod";
import type { Warehouse } from "./databricks.js";

export const areasInput = z.object({ limit: z.number().int().min(1).max(50) });

export interface Area {
  zip: string;
  trips: number;
  fares: number;
  meanFare: number;
}

export function areasStatement(limit: number): string {
  return `SELECT pickup_zip, COUNT(*) AS trips, ROUND(SUM(fare_amount), 2) AS fares
FROM samples.nyctaxi.trips GROUP BY pickup_zip ORDER BY fares DESC LIMIT ${limit}`;
}

export function toArea(row: (string | null)[]): Area {
  const trips = Number(row[1] ?? 0);
  const fares = Number(row[2] ?? 0);
  return { zip: row[0] ?? "unknown", trips, fares, meanFare: trips > 0 ? fares / trips : 0 };
}

export async function areas(warehouse: Warehouse, limit: number): Promise<Area[]> {
  return (await warehouse.query(areasStatement(limit))).map(toArea);
}
