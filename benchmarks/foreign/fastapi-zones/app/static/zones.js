const form = document.getElementById("filter");
const message = document.getElementById("message");
const body = document.getElementById("rows");
const usd = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

async function load() {
  message.textContent = "Loading…";
  body.replaceChildren();
  try {
    const reply = await fetch("/api/zones?" + new URLSearchParams(new FormData(form)));
    const data = await reply.json();
    if (!reply.ok) throw new Error(typeof data.detail === "string" ? data.detail : "bad input");
    for (const z of data.zones) {
      const tr = body.insertRow();
      for (const text of [z.from, z.to, z.trips.toLocaleString("en-US"), usd.format(z.fares), z.miles.toFixed(2)]) {
        tr.insertCell().textContent = text;
      }
    }
    message.textContent = data.zones.length ? "" : "No trips of that length.";
  } catch (error) {
    message.textContent = "Something went wrong: " + error.message;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});
load();
