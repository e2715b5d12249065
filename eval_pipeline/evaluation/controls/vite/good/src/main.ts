import "./style.css";
import { withTip } from "./tip";

const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const rows = document.querySelector("#rows");

for (const fare of [10, 25, 40, 75]) {
  const row = document.createElement("tr");
  for (const amount of [fare, withTip(fare, 15), withTip(fare, 20)]) {
    row.appendChild(document.createElement("td")).textContent = dollars.format(amount);
  }
  rows?.appendChild(row);
}
