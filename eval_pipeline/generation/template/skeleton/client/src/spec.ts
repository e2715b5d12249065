/** What a dashboard page shows, as data. Names are those of the API's own types, so the compiler finds any that differ. */
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import type { AppRouter } from "../../server/src/router";

export type Inputs = inferRouterInputs<AppRouter>;
export type Outputs = inferRouterOutputs<AppRouter>;
export type FilterValues = Inputs["kpis"]["filters"];
export type FilterName = keyof FilterValues & string;
export type Point = Outputs["chart"]["points"][number];
export type TableRow = Outputs["table"]["rows"][number];
export type TableColumn = keyof TableRow & string;

/** How a value reads. Money is US dollars; a percent is sent as a share (0.25 reads 25%). */
export type Format = "text" | "name" | "count" | "number" | "money" | "percent" | "hour" | "day" | "month" | "quarter" | "year" | "time";

export type FilterControl =
  | { readonly kind: "choice"; readonly name: FilterName & keyof Outputs["options"]["choices"]; readonly label: string; readonly format: Format }
  | { readonly kind: "number"; readonly name: FilterName; readonly label: string; readonly step: number }
  | { readonly kind: "dates"; readonly from: FilterName; readonly to: FilterName; readonly label: string };

export interface Kpi {
  readonly name: keyof NonNullable<Outputs["kpis"]["values"]> & string;
  readonly label: string;
  readonly format: Format;
}

export interface Chart {
  readonly id: Inputs["chart"]["id"];
  readonly kind: "line" | "area" | "bar" | "pie" | "scatter" | "heat";
  readonly title: string;
  readonly label: { readonly title: string; readonly format: Format };
  readonly series?: { readonly title: string; readonly format: Format };
  /** Horizontal value of a scatter chart. */
  readonly x?: { readonly title: string; readonly format: Format };
  readonly y: { readonly title: string; readonly format: Format };
}

export interface Dashboard {
  readonly title: string;
  /** What was asked for, in the words of the person who asked. */
  readonly question: string;
  readonly source: string;
  readonly accent: "teal" | "indigo" | "amber" | "rose" | "emerald" | "violet" | "sky" | "orange";
  readonly layout: "stack" | "split" | "rail";
  readonly filters: readonly FilterControl[];
  readonly kpis: readonly Kpi[];
  readonly charts: readonly Chart[];
  readonly table: {
    readonly title: string;
    readonly columns: readonly { readonly name: TableColumn; readonly label: string; readonly format: Format }[];
  };
}
