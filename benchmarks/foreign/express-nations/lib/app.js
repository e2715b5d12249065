'use strict'
const express = require('express')
const { errorPage, page } = require('./page')

const SQL = `
  SELECT r.r_name AS region, n.n_name AS nation, count(*) AS orders, sum(o.o_totalprice) AS value
  FROM samples.tpch.orders o
  JOIN samples.tpch.customer c ON c.c_custkey = o.o_custkey
  JOIN samples.tpch.nation n ON n.n_nationkey = c.c_nationkey
  JOIN samples.tpch.region r ON r.r_regionkey = n.n_regionkey
  WHERE :region = '' OR r.r_name = :region
  GROUP BY r.r_name, n.n_name
  ORDER BY value DESC`

function createApp (warehouse) {
  const app = express()
  app.disable('x-powered-by')

  app.get('/health', (req, res) => res.json({ status: 'ok' }))

  app.get('/', async (req, res) => {
    const region = typeof req.query.region === 'string' ? req.query.region : ''
    try {
      const rows = await warehouse.query(SQL, [{ name: 'region', value: region, type: 'STRING' }])
      const nations = rows.map(([r, nation, orders, value]) => ({ region: r, nation, orders: Number(orders), value: Number(value) }))
      res.type('html').send(page(nations, region))
    } catch (error) {
      console.error(error)
      res.status(502).type('html').send(errorPage(error.message))
    }
  })
  return app
}

module.exports = { createApp }
