/** The visitor's filters, kept in the address so that a view can be shared and survives a reload. */
import { useCallback, useEffect, useState } from "react";
import { dashboard } from "./dashboard";
import type { Dashboard, FilterControl, FilterName, FilterValues } from "./spec";

const controls: Dashboard["filters"] = dashboard.filters;

function readAddress(): FilterValues {
  const address = new URLSearchParams(window.location.search);
  const values: Partial<Record<FilterName, string | number>> = {};
  for (const { name, isNumber } of controls.flatMap(namesOf)) {
    const text = address.get(name);
    if (text && !isNumber) values[name] = text;
    else if (text && Number.isFinite(Number(text))) values[name] = Number(text);
  }
  return values as FilterValues;
}

function namesOf(control: FilterControl): { name: FilterName; isNumber: boolean }[] {
  if (control.kind === "dates") return [control.from, control.to].map((name) => ({ name, isNumber: false }));
  return [{ name: control.name, isNumber: control.kind === "number" }];
}

export function useFilters() {
  const [filters, setFilters] = useState<FilterValues>(readAddress);
  useEffect(() => {
    const address = new URLSearchParams();
    for (const [name, value] of Object.entries(filters)) if (value !== undefined) address.set(name, String(value));
    const query = address.toString();
    window.history.replaceState(null, "", query ? `?${query}` : window.location.pathname);
  }, [filters]);
  return {
    filters,
    setFilters: useCallback((change: FilterValues) => setFilters((old) => ({ ...old, ...change })), []),
    reset: useCallback(() => setFilters({}), []),
    isFiltered: Object.values(filters).some((value) => value !== undefined),
  };
}
