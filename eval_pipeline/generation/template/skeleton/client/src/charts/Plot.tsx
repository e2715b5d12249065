/** The drawn kinds of chart. Colours come from the page's style sheet, so they follow light and dark. */
import type { ReactElement } from "react";
import {
  Area,
  AreaChart,
  Bar,
  BarChart,
  CartesianGrid,
  Cell,
  Legend,
  Line,
  LineChart,
  Pie,
  PieChart,
  ResponsiveContainer,
  Scatter,
  ScatterChart,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { formatTick, formatValue } from "../format";
import type { Chart, Point } from "../spec";
import { pivot } from "./pivot";

const COLOURS = 7;
const colour = (index: number): string => `var(--series-${(index % COLOURS) + 1})`;
const axis = { stroke: "var(--axis)", tick: { fill: "var(--muted)", fontSize: 12 }, tickLine: false } as const;
const grid = <CartesianGrid stroke="var(--grid)" vertical={false} />;

interface Props {
  readonly chart: Chart;
  readonly points: readonly Point[];
}

export function Plot({ chart, points }: Props) {
  return (
    <div className="plot" role="img" aria-label={summary(chart, points)}>
      <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 320, height: 280 }}>
        {draw(chart, points)}
      </ResponsiveContainer>
    </div>
  );
}

function draw(chart: Chart, points: readonly Point[]): ReactElement {
  switch (chart.kind) {
    case "pie":
      return pie(chart, points);
    case "scatter":
      return scatter(chart, points);
    case "bar":
      return bars(chart, points);
    default:
      return overTime(chart, points);
  }
}

const yTick = (chart: Chart) => (value: number) => formatTick(value, chart.y.format);
const labelTick = (chart: Chart) => (value: string) => formatTick(value, chart.label.format);

function tooltip(chart: Chart): ReactElement {
  return (
    <Tooltip
      cursor={{ fill: "var(--hover)", stroke: "var(--axis)" }}
      isAnimationActive={false}
      formatter={(value, name) => [formatValue(value as number, chart.y.format), name]}
      labelFormatter={(label) => formatValue(label as string, chart.label.format)}
    />
  );
}

function overTime(chart: Chart, points: readonly Point[]): ReactElement {
  const { rows, series } = pivot(points, chart);
  const shared = { data: rows, margin: { top: 8, right: 12, bottom: 0, left: 0 } };
  const x = <XAxis {...axis} dataKey="label" tickFormatter={labelTick(chart)} minTickGap={32} />;
  const y = <YAxis {...axis} axisLine={false} tickFormatter={yTick(chart)} width={64} />;
  const legend = series.length > 1 ? <Legend iconType="circle" itemSorter={null} /> : null;
  if (chart.kind === "area") {
    return (
      <AreaChart {...shared}>
        {grid}
        {x}
        {y}
        {tooltip(chart)}
        {legend}
        {series.map((name, index) => (
          <Area key={name} dataKey={name} stackId="all" stroke={colour(index)} fill={colour(index)} fillOpacity={0.35} isAnimationActive={false} />
        ))}
      </AreaChart>
    );
  }
  return (
    <LineChart {...shared}>
      {grid}
      {x}
      {y}
      {tooltip(chart)}
      {legend}
      {series.map((name, index) => (
        <Line key={name} dataKey={name} stroke={colour(index)} strokeWidth={2} dot={rows.length <= 24} connectNulls isAnimationActive={false} />
      ))}
    </LineChart>
  );
}

function bars(chart: Chart, points: readonly Point[]): ReactElement {
  const { rows, series } = pivot(points, chart);
  const isLong = chart.label.format === "text" || chart.label.format === "name";
  const values = series.map((name, index) => (
    <Bar key={name} dataKey={name} stackId={chart.series ? "all" : undefined} fill={colour(index)} radius={3} maxBarSize={44} isAnimationActive={false} />
  ));
  const legend = series.length > 1 ? <Legend iconType="circle" itemSorter={null} /> : null;
  if (isLong) {
    return (
      <BarChart data={rows} layout="vertical" margin={{ top: 0, right: 16, bottom: 0, left: 0 }}>
        <CartesianGrid stroke="var(--grid)" horizontal={false} />
        <XAxis {...axis} type="number" axisLine={false} tickFormatter={yTick(chart)} />
        <YAxis {...axis} type="category" dataKey="label" tickFormatter={labelTick(chart)} width={128} interval={0} />
        {tooltip(chart)}
        {legend}
        {values}
      </BarChart>
    );
  }
  return (
    <BarChart data={rows} margin={{ top: 8, right: 12, bottom: 0, left: 0 }}>
      {grid}
      <XAxis {...axis} dataKey="label" tickFormatter={labelTick(chart)} />
      <YAxis {...axis} axisLine={false} tickFormatter={yTick(chart)} width={64} />
      {tooltip(chart)}
      {legend}
      {values}
    </BarChart>
  );
}

function pie(chart: Chart, points: readonly Point[]): ReactElement {
  const slices = points.map((point) => ({ name: formatValue(point.label, chart.label.format), value: point.y ?? 0 }));
  return (
    <PieChart>
      <Pie data={slices} dataKey="value" nameKey="name" startAngle={90} endAngle={-270} innerRadius="52%" outerRadius="82%" paddingAngle={1} isAnimationActive={false}>
        {slices.map((slice, index) => (
          <Cell key={slice.name} fill={colour(index)} stroke="var(--surface)" />
        ))}
      </Pie>
      {tooltip(chart)}
      <Legend iconType="circle" itemSorter={null} />
    </PieChart>
  );
}

function scatter(chart: Chart, points: readonly Point[]): ReactElement {
  const x = chart.x ?? chart.y;
  return (
    <ScatterChart margin={{ top: 8, right: 16, bottom: 20, left: 0 }}>
      <CartesianGrid stroke="var(--grid)" />
      <XAxis {...axis} type="number" dataKey="x" domain={["auto", "auto"]} tickFormatter={(value: number) => formatTick(value, x.format)}
        label={{ value: x.title, position: "insideBottom", offset: -12, fill: "var(--muted)", fontSize: 12 }} />
      <YAxis {...axis} type="number" dataKey="y" domain={["auto", "auto"]} tickFormatter={yTick(chart)} width={64} />
      <Tooltip
        isAnimationActive={false}
        cursor={{ stroke: "var(--axis)", strokeDasharray: "3 3" }}
        content={({ active, payload }) => {
          const point = payload?.[0]?.payload as Point | undefined;
          if (!active || !point) return null;
          return (
            <div className="recharts-default-tooltip">
              <strong>{formatValue(point.label, chart.label.format)}</strong>
              <p>
                {x.title}: {formatValue(point.x, x.format)}
              </p>
              <p>
                {chart.y.title}: {formatValue(point.y, chart.y.format)}
              </p>
            </div>
          );
        }}
      />
      <Scatter data={[...points]} fill="var(--series-1)" fillOpacity={0.7} isAnimationActive={false} />
    </ScatterChart>
  );
}

/** One sentence for a screen reader; the full data follows below the chart. */
function summary(chart: Chart, points: readonly Point[]): string {
  const highest = points.reduce((best, point) => ((point.y ?? 0) > (best.y ?? 0) ? point : best));
  return `${chart.title}: ${points.length} points, highest ${formatValue(highest.y, chart.y.format)} at ${formatValue(highest.label, chart.label.format)}.`;
}
