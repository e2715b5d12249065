// Draws the trends from the data blocks beside them. Without this file, or without uPlot, the tables under them say the same.
"use strict";
(() => {
  const figures = [...document.querySelectorAll("figure.chart")].filter((f) => f.querySelector(".chart-data"));
  if (typeof uPlot === "undefined") return;

  const units = {
    percent: (v) => Math.round(v * 100) + " %",
    points: (v) => v.toFixed(1),
    score: (v) => v.toFixed(1),
    dollars: (v) => "$" + v.toFixed(2),
  };
  const axis = {
    percent: (v) => Math.round(v * 100) + " %",
    points: (v) => String(v),
    score: (v) => String(v),
    dollars: (v) => "$" + (v < 10 && v % 1 ? v.toFixed(1) : v.toFixed(0)),
  };
  const dayOf = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const faded = (hex, share) => hex + Math.round(share * 255).toString(16).padStart(2, "0");
  const cross = uPlot.sync("days");

  function readout(data, series, index) {
    if (index == null) return "";
    const parts = [dayOf.format(new Date(data.days[index] * 1000))];
    for (const s of data.series) {
      if (s.value[index] == null) continue;
      const name = data.series.length > 1 ? s.name + " " : "";
      const ends = s.low[index] == null ? "" : " (" + units[data.unit](s.low[index]) + " to " + units[data.unit](s.high[index]) + ")";
      parts.push(name + units[data.unit](s.value[index]) + ends);
    }
    return parts.join(" · ");
  }

  function draw(figure) {
    const holder = figure.querySelector(".plot");
    const output = figure.querySelector(".readout");
    const data = JSON.parse(figure.querySelector(".chart-data").textContent);
    const isSmall = figure.classList.contains("small");
    const columns = [data.days];
    const series = [{}];
    const bands = [];
    data.series.forEach((s, i) => {
      const colour = token("--s" + i);
      columns.push(s.value, s.low, s.high);
      const first = series.length;
      series.push({ stroke: colour, width: 2, points: { show: data.days.length < 3 || isLonely(s.value), size: 6, fill: colour }, spanGaps: false });
      series.push({ show: true, stroke: "transparent", width: 0, points: { show: false } });
      series.push({ show: true, stroke: "transparent", width: 0, points: { show: false } });
      bands.push({ series: [first + 2, first + 1], fill: faded(colour, i === 0 ? 0.16 : 0.1) });
    });
    const text = token("--muted");
    const line = token("--line");
    const font = "12px system-ui, sans-serif";
    const plot = new uPlot(
      {
        width: holder.clientWidth,
        height: holder.clientHeight,
        legend: { show: false },
        cursor: { sync: { key: cross.key }, drag: { x: false, y: false }, points: { size: 8 } },
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
        padding: [8, 22, 0, 0],
        scales: { x: { time: true }, y: { range: (_, low, high) => (data.top == null ? [0, (high || 1) * 1.12] : [0, data.top]) } },
        axes: [
          { stroke: text, font, grid: { show: false }, ticks: { show: false }, size: 28, gap: 6, space: isSmall ? 90 : 70, values: (_, at) => at.map((t) => dayOf.format(new Date(t * 1000))), incrs: [1, 2, 3, 5, 7, 14, 28, 56, 112].map((d) => d * 86400) },
          { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { show: false }, size: 50, gap: 6, space: isSmall ? 34 : 40, values: (_, at) => at.map(axis[data.unit]) },
        ],
        series,
        bands,
        hooks: { setCursor: [(u) => { output.textContent = readout(data, series, u.cursor.idx); }] },
      },
      columns,
      holder,
    );
    cross.sub(plot);
    plot.over.addEventListener("mouseleave", () => { output.textContent = ""; });
    return plot;
  }

  // A value between two gaps makes no line: it needs its point.
  function isLonely(values) {
    return values.some((v, i) => v != null && values[i - 1] == null && values[i + 1] == null);
  }

  let plots = [];
  function drawAll() {
    plots.forEach((p) => { cross.unsub(p); p.destroy(); });
    plots = figures.map(draw);
  }
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  const watch = new ResizeObserver((entries) => {
    for (const entry of entries) {
      const plot = plots[figures.findIndex((f) => f.contains(entry.target))];
      const width = Math.floor(entry.contentRect.width);
      if (plot && width && width !== plot.width) plot.setSize({ width, height: plot.height });
    }
  });
  figures.forEach((f) => watch.observe(f.querySelector(".plot")));
})();
