'use strict'
const { createApp } = require('./lib/app')
const { Warehouse } = require('./lib/warehouse')

const port = Number(process.env.PORT || 3000)
createApp(new Warehouse(process.env)).listen(port, '0.0.0.0', () => console.log(`http://localhost:${port}`))
