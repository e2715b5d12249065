import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import type { Parameter, Row } from './warehouse.js'

export interface Queries {
  query(statement: string, parameters?: Parameter[]): Promise<Row[]>
}

const SUPPLIERS = `
  SELECT name, ingredient, continent, city, approved
  FROM samples.bakehouse.sales_suppliers
  WHERE :continent = '' OR continent = :continent
  ORDER BY name`

export function createApp(warehouse: Queries): Express {
  const app = express()

  app.get('/healthcheck', (_req, res) => {
    res.json({ status: 'ok' })
  })

  app.get('/api/suppliers', async (req, res) => {
    const continent = typeof req.query.continent === 'string' ? req.query.continent : ''
    const suppliers = await warehouse.query(SUPPLIERS, [{ name: 'continent', value: continent, type: 'STRING' }])
    res.json({ suppliers })
  })

  app.use(express.static('public'))

  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    res.status(502).json({ error: error instanceof Error ? error.message : 'unknown' })
  })
  return app
}
