'use strict'
const REGIONS = ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST']
const full = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })
const percent = new Intl.NumberFormat('en-US', { style: 'percent', minimumFractionDigits: 1 })

const escape = (text) =>
  String(text).replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c])

const layout = (body) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Orders by nation</title>
<link rel="icon" href="data:,">
<style>
body { font: 15px system-ui, sans-serif; margin: 2rem; }
.card { display: inline-block; border: 1px solid #ccc; padding: 1rem; margin-right: 1rem; }
.card b { display: block; font-size: 2rem; }
td, th { padding: .1rem .8rem; text-align: right; }
td:nth-child(-n+2), th:nth-child(-n+2) { text-align: left; }
</style>
</head>
<body>
<h1>Orders by nation</h1>
${body}
</body>
</html>`

const sum = (rows, key) => rows.reduce((total, row) => total + row[key], 0)

function page (nations, region) {
  const options = ['', ...REGIONS]
    .map((r) => `<option value="${r}"${r === region ? ' selected' : ''}>${r || 'everywhere'}</option>`)
    .join('')
  const form = `<form><select name="region">${options}</select> <button>Show</button></form>`
  if (nations.length === 0) return layout(form + '<p>No orders.</p>')
  const value = sum(nations, 'value')
  const cards = [['Orders', sum(nations, 'orders')], ['Value', value]]
    .map(([label, n]) => `<div class="card">${label}<b>${short.format(n)}</b></div>`)
    .join('')
  const rows = nations
    .map((n) => `<tr><td>${escape(n.region)}</td><td>${escape(n.nation)}</td><td>${n.orders}</td>` +
      `<td>$${full.format(n.value)}</td><td>${percent.format(n.value / value)}</td></tr>`)
    .join('\n')
  return layout(`${form}<p>${cards}</p><table>
<thead><tr><th>Region</th><th>Nation</th><th>Orders</th><th>Value</th><th>Share</th></tr></thead>
<tbody>${rows}</tbody></table>`)
}

const errorPage = (message) => layout(`<p role="alert">The orders could not be loaded: ${escape(message)}</p>`)

module.exports = { page, errorPage, escape }
