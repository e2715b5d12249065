/** A table whose cells are shaded by their value: the figures stay readable, the pattern shows. */
import type { CSSProperties } from "react";
import { formatTick, formatValue } from "../format";
import type { Chart, Point } from "../spec";

export function HeatTable({ chart, points }: { chart: Chart; points: readonly Point[] }) {
  const columns = [...new Set(points.map((point) => point.series))];
  const rows = [...new Set(points.map((point) => point.label))];
  const values = new Map(points.map((point) => [`${point.label}\n${point.series}`, point.y]));
  const figures = points.map((point) => point.y ?? 0);
  const low = Math.min(...figures);
  const span = Math.max(...figures) - low || 1;
  const label = chart.label;
  const series = chart.series ?? chart.label;
  return (
    <div className="scroll heat" tabIndex={0} role="region" aria-label={chart.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">
              {label.title} <span aria-hidden="true">/</span> {series.title}
            </th>
            {columns.map((column) => (
              <th key={column} scope="col" className="figure">
                {formatTick(column, series.format)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              <th scope="row">{formatValue(row, label.format)}</th>
              {columns.map((column) => {
                const value = values.get(`${row}\n${column}`);
                const heat = value == null ? 0 : 0.04 + (0.96 * (value - low)) / span;
                return (
                  <td key={column} className="figure" style={{ "--heat": heat } as CSSProperties}>
                    {formatValue(value, chart.y.format)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
