/** The rows behind the charts, a page at a time, in the order of any column. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "./api";
import { formatValue, isNumeric } from "./format";
import type { Dashboard, FilterValues, Format, Inputs, TableColumn } from "./spec";
import { Empty, Failure, Skeleton } from "./states";

type Order = NonNullable<Inputs["table"]["order"]>;

interface Props {
  readonly table: Dashboard["table"];
  readonly filters: FilterValues;
  readonly onReset: () => void;
  readonly isFiltered: boolean;
}

export function DataTable({ table, filters, onReset, isFiltered }: Props) {
  const [order, setOrder] = useState<Order>();
  const [page, setPage] = useState(0);
  useEffect(() => setPage(0), [filters]);
  const query = useQuery({
    queryKey: ["table", filters, order, page],
    queryFn: ({ signal }) => api.table.query({ filters, order, page }, { signal }),
    placeholderData: keepPreviousData,
  });
  const sortBy = (column: TableColumn, format: Format) => {
    setOrder((old) => ({ column, descending: old?.column === column ? !old.descending : isNumeric(format) }));
    setPage(0);
  };
  const rows = query.data?.rows ?? [];

  return (
    <section className="card table-card" aria-labelledby="table-title" aria-busy={query.isFetching}>
      <h2 id="table-title">{table.title}</h2>
      {query.isError ? (
        <Failure what="table" error={query.error} onRetry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Skeleton lines={8} what="table" />
      ) : rows.length === 0 ? (
        <Empty onReset={onReset} isFiltered={isFiltered} />
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-labelledby="table-title" data-stale={query.isPlaceholderData}>
          <table>
            <thead>
              <tr>
                {table.columns.map(({ name, label, format }) => (
                  <th
                    key={name}
                    scope="col"
                    className={isNumeric(format) ? "figure" : undefined}
                    aria-sort={order?.column !== name ? "none" : order.descending ? "descending" : "ascending"}
                  >
                    <button type="button" onClick={() => sortBy(name, format)}>
                      {label}
                      <span aria-hidden="true">{order?.column !== name ? "↕" : order.descending ? "↓" : "↑"}</span>
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, index) => (
                <tr key={index}>
                  {table.columns.map(({ name, format }) => {
                    const text = formatValue(row[name], format);
                    return (
                      <td key={name} className={isNumeric(format) ? "figure" : text.length > 40 ? "prose" : undefined}>
                        {text}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(page > 0 || query.data?.hasMore) && (
        <nav className="pager" aria-label="Pages of the table">
          <button type="button" disabled={page === 0} onClick={() => setPage(page - 1)}>
            Previous
          </button>
          <span>Page {page + 1}</span>
          <button type="button" disabled={!query.data?.hasMore} onClick={() => setPage(page + 1)}>
            Next
          </button>
        </nav>
      )}
    </section>
  );
}
