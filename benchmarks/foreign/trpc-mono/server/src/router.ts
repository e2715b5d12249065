import { initTRPC } from '@trpc/server'
import { z } from 'zod'
import type { Execute } from './sql.js'

const t = initTRPC.context<{ execute: Execute }>().create()

const DAILY = `
  SELECT date_format(tpep_pickup_datetime, 'yyyy-MM-dd') AS day, count(*) AS trips, sum(fare_amount) AS fares
  FROM samples.nyctaxi.trips
  WHERE tpep_pickup_datetime >= :since
  GROUP BY 1 ORDER BY 1 LIMIT 60`

export const appRouter = t.router({
  daily: t.procedure.input(z.object({ since: z.iso.date() })).query(async ({ ctx, input }) => {
    const rows = await ctx.execute(DAILY, [{ name: 'since', value: input.since, type: 'DATE' }])
    return rows.map(([day, trips, fares]) => ({
      day: String(day),
      trips: Number(trips),
      fares: Math.round(Number(fares) * 100) / 100,
    }))
  }),
})

export type AppRouter = typeof appRouter
