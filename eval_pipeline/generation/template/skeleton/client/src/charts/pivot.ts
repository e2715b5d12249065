/** From one row per label and series to one row per label, as charts take it. */
import { formatValue } from "../format";
import type { Chart, Point } from "../spec";

export interface Pivoted {
  readonly rows: Record<string, string | number | null>[];
  /** Names of the series, in the order they came in. */
  readonly series: string[];
}

const MAX_SERIES = 7;
const OTHERS = "Others";

/** Labels and series keep the order they came in; small series beyond the limit are added up as "Others". */
export function pivot(points: readonly Point[], chart: Pick<Chart, "series" | "y">): Pivoted {
  const { series } = chart;
  const nameOf = (point: Point): string => (series ? formatValue(point.series, series.format) : chart.y.title);
  const totals = new Map<string, number>();
  for (const point of points) totals.set(nameOf(point), (totals.get(nameOf(point)) ?? 0) + (point.y ?? 0));
  const ranked = [...totals].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([name]) => name);
  const kept = new Set(ranked.length > MAX_SERIES ? ranked.slice(0, MAX_SERIES - 1) : ranked);

  const rows = new Map<string | null, Record<string, string | number | null>>();
  for (const point of points) {
    const row = rows.get(point.label) ?? { label: point.label };
    const name = kept.has(nameOf(point)) ? nameOf(point) : OTHERS;
    row[name] = Number(row[name] ?? 0) + (point.y ?? 0);
    rows.set(point.label, row);
  }
  const shown = [...totals.keys()].filter((name) => kept.has(name));
  return { rows: [...rows.values()], series: ranked.length > kept.size ? [...shown, OTHERS] : shown };
}
