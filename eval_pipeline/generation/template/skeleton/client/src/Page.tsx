/** The whole page: heading, filters, figures, charts, table. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { CSSProperties } from "react";
import { api } from "./api";
import { ChartCard } from "./charts/ChartCard";
import { dashboard } from "./dashboard";
import { Filters } from "./Filters";
import { formatValue } from "./format";
import type { Dashboard, FilterValues } from "./spec";
import { DataTable } from "./Table";
import { Failure, Skeleton } from "./states";
import { useFilters } from "./useFilters";

export function Page() {
  const { filters, setFilters, reset, isFiltered } = useFilters();
  const page: Dashboard = dashboard;
  return (
    <div className="page" data-accent={page.accent} data-layout={page.layout}>
      <a className="skip" href="#figures">
        Skip to the figures
      </a>
      <header className="masthead">
        <p className="source">{page.source}</p>
        <h1>{page.title}</h1>
        <p className="question">{page.question}</p>
      </header>
      <div className="body">
        <Filters controls={page.filters} values={filters} onChange={setFilters} onReset={reset} isFiltered={isFiltered} />
        <main id="figures">
          <Kpis page={page} filters={filters} />
          <section className="charts" aria-label="Charts">
            {page.charts.map((chart) => (
              <ChartCard key={chart.id} chart={chart} filters={filters} onReset={reset} isFiltered={isFiltered} />
            ))}
          </section>
          <DataTable table={page.table} filters={filters} onReset={reset} isFiltered={isFiltered} />
        </main>
      </div>
    </div>
  );
}

function Kpis({ page, filters }: { page: Dashboard; filters: FilterValues }) {
  const query = useQuery({
    queryKey: ["kpis", filters],
    queryFn: ({ signal }) => api.kpis.query({ filters }, { signal }),
    placeholderData: keepPreviousData,
  });
  if (query.isError) return <Failure what="key figures" error={query.error} onRetry={() => void query.refetch()} />;
  const figures = page.kpis.map(({ name, format }) => formatValue(query.data?.values?.[name], format));
  const longest = Math.max(...figures.map((figure) => figure.length));
  return (
    <section aria-label="Key figures" aria-busy={query.isFetching}>
      <dl className="kpis" data-stale={query.isPlaceholderData} style={{ "--length": longest } as CSSProperties}>
        {page.kpis.map(({ name, label }, index) => (
          <div className="kpi" key={name}>
            <dt>{label}</dt>
            <dd>{query.isPending ? <Skeleton lines={1} what={label} /> : figures[index]}</dd>
          </div>
        ))}
      </dl>
      <p className="as-of">
        {query.data ? `Queried at ${query.data.asOf.toLocaleTimeString("en-US", { hour: "2-digit", minute: "2-digit" })}` : "Querying…"}
      </p>
    </section>
  );
}
