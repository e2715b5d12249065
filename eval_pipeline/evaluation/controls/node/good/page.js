/** The page, drawn on the server. */

const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

export function page(rows) {
  const lines = rows.map(
    ([zip, trips, fares]) => `<tr><td>${escape(zip)}</td><td>${escape(trips)}</td><td>${dollars.format(Number(fares))}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><link rel="icon" href="data:,"><title>Trip fares</title></head>
<body><h1>Trip fares by destination</h1>
<table><tr><th>Zip</th><th>Trips</th><th>Fares</th></tr>
${lines.join("\n")}
</table></body></html>`;
}
