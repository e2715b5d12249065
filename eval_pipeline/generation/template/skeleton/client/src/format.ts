/** How values read on the page. Full digits wherever a value is shown by itself; short forms on chart axes only. */
import type { Format } from "./spec";

type Value = string | number | null | undefined;

const numbers = {
  count: new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 }),
  number: new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  money: new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }),
  percent: new Intl.NumberFormat("en-US", { style: "percent", minimumFractionDigits: 2, maximumFractionDigits: 2 }),
};
const short = {
  count: new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }),
  money: new Intl.NumberFormat("en-US", { notation: "compact", style: "currency", currency: "USD", minimumFractionDigits: 0, maximumFractionDigits: 1 }),
  percent: new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 1 }),
};
const dates = {
  day: new Intl.DateTimeFormat("en-US", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }),
  month: new Intl.DateTimeFormat("en-US", { month: "short", year: "numeric", timeZone: "UTC" }),
  time: new Intl.DateTimeFormat("en-US", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" }),
};

/** Whether values of a format are figures, which stand to the right in a table. */
export function isNumeric(format: Format): boolean {
  return format === "count" || format === "number" || format === "money" || format === "percent";
}

/** A value in full. */
export function formatValue(value: Value, format: Format): string {
  if (value === null || value === undefined || value === "") return "–";
  switch (format) {
    case "count":
    case "number":
    case "money":
    case "percent":
      return Number.isFinite(Number(value)) ? numbers[format].format(Number(value)) : String(value);
    case "name":
      return titleCase(String(value));
    case "text":
      return String(value);
    case "hour":
      return /^\d{1,2}$/.test(String(value)) ? `${String(value).padStart(2, "0")}:00` : String(value);
    default:
      return formatDate(String(value), format);
  }
}

/** A value for a chart's axis, short enough to stand beside its neighbours. */
export function formatTick(value: Value, format: Format): string {
  if (isNumeric(format) && typeof value === "number") {
    if (format === "money") return short.money.format(value);
    return format === "percent" ? short.percent.format(value) : short.count.format(value);
  }
  const text = formatValue(value, format);
  return text.length > 18 ? `${text.slice(0, 17)}…` : text;
}

function formatDate(value: string, format: "day" | "month" | "quarter" | "year" | "time"): string {
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(value) ? `${value}T00:00:00Z` : withZone(value));
  if (Number.isNaN(date.getTime())) return value;
  if (format === "year") return String(date.getUTCFullYear());
  if (format === "quarter") return `Q${Math.floor(date.getUTCMonth() / 3) + 1} ${date.getUTCFullYear()}`;
  return dates[format].format(date);
}

/** Timestamps come with or without a zone; those without are UTC. */
function withZone(value: string): string {
  return /(Z|[+-]\d{2}:?\d{2})$/.test(value) ? value : `${value.replace(" ", "T")}Z`;
}

/** `UNITED STATES` reads better as `United States`; anything not all capitals stays as it is. */
function titleCase(value: string): string {
  if (value !== value.toUpperCase() || value.length < 4) return value;
  return value.toLowerCase().replace(/(^|[\s-])\p{L}/gu, (letter) => letter.toUpperCase());
}
