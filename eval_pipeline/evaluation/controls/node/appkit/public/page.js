const response = await fetch("/api/analytics/query/fares", {
  method: "POST",
  headers: { "content-type": "application/json", accept: "text/event-stream" },
  body: JSON.stringify({ parameters: { limit: { __sql_type: "NUMERIC", value: "12" } } }),
});
const text = await response.text();
for (const line of text.split("\n")) {
  if (!line.startsWith("data: ")) continue;
  const message = JSON.parse(line.slice(6));
  for (const { pickup_zip, trips, fares } of message.data ?? []) {
    const row = document.createElement("tr");
    for (const cell of [pickup_zip, trips, fares]) row.appendChild(document.createElement("td")).textContent = cell;
    document.querySelector("#rows").appendChild(row);
  }
  if (message.error) document.querySelector("#note").textContent = message.error;
}
