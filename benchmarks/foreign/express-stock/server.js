const express = require('express')
const { toObjects } = require('./rows')

const app = express()
const port = process.env.PORT || 3000

const SQL = `SELECT s.s_name AS supplier, sum(p.ps_availqty) AS pieces, sum(p.ps_supplycost) AS cost
FROM samples.tpch.partsupp p JOIN samples.tpch.supplier s ON s.s_suppkey = p.ps_suppkey
GROUP BY s.s_name ORDER BY pieces DESC LIMIT 20`

async function stock () {
  const res = await fetch(`${process.env.DATABRICKS_HOST}/api/2.0/sql/statements`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.DATABRICKS_TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ statement: SQL, warehouse_id: process.env.DATABRICKS_WAREHOUSE_ID, wait_timeout: '30s' })
  })
  const { status, manifest, result } = await res.json()
  if (status.state !== 'SUCCEEDED') throw new Error(status.error.message)
  return toObjects(manifest, result)
}

app.get('/health', (req, res) => res.json({ ok: true }))

app.get('/', async (req, res) => {
  const rows = await stock()
  const cells = rows.map((r) => `<tr><td>${r.supplier}</td><td>${r.pieces}</td><td>$${r.cost}</td></tr>`)
  res.send(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Stock</title><link rel="icon" href="data:,"></head>
<body><h1>Stock</h1><table><tr><th>Supplier</th><th>Pieces</th><th>Cost</th></tr>${cells.join('')}</table></body></html>`)
})

app.listen(port, '0.0.0.0', () => console.log(`listening on ${port}`))
