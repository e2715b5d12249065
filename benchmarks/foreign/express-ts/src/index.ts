import { createApp } from './app.js'
import { Warehouse, warehouseFromEnv } from './warehouse.js'

const port = Number(process.env.DATABRICKS_APP_PORT ?? process.env.PORT ?? 3000)

createApp(new Warehouse(warehouseFromEnv(process.env))).listen(port, '0.0.0.0', () => {
  console.log(`listening on ${port}`)
})
