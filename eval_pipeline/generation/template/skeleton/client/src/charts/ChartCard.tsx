/** A chart with its heading, its states, and its data as a table for those who do not see it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api } from "../api";
import { formatValue, isNumeric } from "../format";
import type { Chart, FilterValues, Format, Point } from "../spec";
import { Empty, Failure, Skeleton } from "../states";
import { HeatTable } from "./HeatTable";
import { Plot } from "./Plot";

const MAX_DATA_ROWS = 100;

interface Props {
  readonly chart: Chart;
  readonly filters: FilterValues;
  readonly onReset: () => void;
  readonly isFiltered: boolean;
}

export function ChartCard({ chart, filters, onReset, isFiltered }: Props) {
  const id = useId();
  const query = useQuery({
    queryKey: ["chart", chart.id, filters],
    queryFn: ({ signal }) => api.chart.query({ id: chart.id, filters }, { signal }),
    placeholderData: keepPreviousData,
  });
  const points = query.data?.points.filter((point) => point.y !== null) ?? [];
  return (
    <figure className="card" data-kind={chart.kind} aria-labelledby={id} aria-busy={query.isFetching}>
      <figcaption>
        <h2 id={id}>{chart.title}</h2>
      </figcaption>
      {query.isError ? (
        <Failure what="chart" error={query.error} onRetry={() => void query.refetch()} />
      ) : query.isPending ? (
        <div className="plot">
          <Skeleton lines={5} what={chart.title} />
        </div>
      ) : points.length === 0 ? (
        <Empty onReset={onReset} isFiltered={isFiltered} />
      ) : (
        <div data-stale={query.isPlaceholderData}>
          {chart.kind === "heat" ? <HeatTable chart={chart} points={points} /> : <Plot chart={chart} points={points} />}
          {chart.kind !== "heat" && <ChartData chart={chart} points={points} />}
        </div>
      )}
    </figure>
  );
}

function ChartData({ chart, points }: { chart: Chart; points: readonly Point[] }) {
  const [isOpen, setOpen] = useState(false);
  const columns: { title: string; format: Format; value: (point: Point) => string | number | null }[] = [
    { ...chart.label, value: (point) => point.label },
    ...(chart.series ? [{ ...chart.series, value: (point: Point) => point.series }] : []),
    ...(chart.x ? [{ ...chart.x, value: (point: Point) => point.x }] : []),
    { ...chart.y, value: (point) => point.y },
  ];
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Data of this chart</summary>
      {isOpen && (
        <div className="scroll" tabIndex={0} role="region" aria-label={`Data of ${chart.title}`}>
          <table>
            <thead>
              <tr>
                {columns.map(({ title, format }) => (
                  <th key={title} scope="col" className={isNumeric(format) ? "figure" : undefined}>
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.slice(0, MAX_DATA_ROWS).map((point, index) => (
                <tr key={index}>
                  {columns.map(({ title, format, value }) => (
                    <td key={title} className={isNumeric(format) ? "figure" : undefined}>
                      {formatValue(value(point), format)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {points.length > MAX_DATA_ROWS && <p className="more">The first {MAX_DATA_ROWS} of {points.length} points.</p>}
        </div>
      )}
    </details>
  );
}
