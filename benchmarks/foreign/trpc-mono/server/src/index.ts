import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createExpressMiddleware } from '@trpc/server/adapters/express'
import express from 'express'
import { appRouter } from './router.js'
import { execute } from './sql.js'

const client = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../client/dist')
const app = express()

app.get('/api/health', (_req, res) => {
  res.json({ status: 'ok' })
})
app.use('/trpc', createExpressMiddleware({ router: appRouter, createContext: () => ({ execute }) }))
app.use(express.static(client))

app.listen(Number(process.env.DATABRICKS_APP_PORT ?? process.env.PORT ?? 4000), '0.0.0.0')
