const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

function cells(...texts) {
  const row = document.createElement("tr");
  for (const text of texts) row.appendChild(document.createElement("td")).textContent = text;
  return row;
}

const response = await fetch("/api/sales");
const sales = await response.json();
if (response.ok) {
  for (const { product, orders, revenue } of sales) {
    document.querySelector("#rows").appendChild(cells(product, orders, dollars.format(revenue)));
  }
} else {
  document.querySelector("#note").textContent = sales.error;
}
