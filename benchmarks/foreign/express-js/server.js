const express = require('express')
const path = require('path')
const { bySegment } = require('./segments')

const { DATABRICKS_HOST, DATABRICKS_TOKEN, DATABRICKS_WAREHOUSE_ID } = process.env
const PORT = process.env.PORT || 3000

const app = express()
app.use(express.static(path.join(__dirname, 'public')))

async function runQuery (statement) {
  const res = await fetch(`${DATABRICKS_HOST}/api/2.0/sql/statements`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${DATABRICKS_TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ statement, warehouse_id: DATABRICKS_WAREHOUSE_ID, wait_timeout: '30s' })
  })
  const body = await res.json()
  if (!res.ok || body.status.state !== 'SUCCEEDED') {
    throw new Error(body.message || (body.status && body.status.error && body.status.error.message) || 'query failed')
  }
  return body.result.data_array || []
}

app.get('/api/customers', async (req, res) => {
  try {
    const rows = await runQuery(
      'SELECT c_name, c_mktsegment, c_acctbal FROM samples.tpch.customer ORDER BY c_acctbal DESC LIMIT 500'
    )
    const customers = rows.map(([name, segment, balance]) => ({ name, segment, balance: Number(balance) }))
    res.json({ segments: bySegment(customers), top: customers.slice(0, 10) })
  } catch (err) {
    console.error(err)
    res.status(500).json({ error: err.message })
  }
})

app.listen(PORT, '0.0.0.0', () => console.log(`Server running on port ${PORT}`))
