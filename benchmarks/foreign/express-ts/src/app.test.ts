import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import { afterEach, expect, test, vi } from 'vitest'
import { createApp } from './app.js'
import { toRows, warehouseFromEnv } from './warehouse.js'

let server: Server | undefined
afterEach(() => void server?.close())

async function get(query: () => Promise<Record<string, string | null>[]>, path: string): Promise<globalThis.Response> {
  server = createApp({ query }).listen(0)
  await new Promise((ready) => server?.once('listening', ready))
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)
}

test('health does not need the warehouse', async () => {
  const reply = await get(() => Promise.reject(new Error('down')), '/healthcheck')
  expect(await reply.json()).toEqual({ status: 'ok' })
})

test('the continent travels as a parameter', async () => {
  const query = vi.fn((_sql?: string, _params?: unknown) => Promise.resolve([{ name: 'Vanilla Co' }]))
  const reply = await get(query, "/api/suppliers?continent=Asia'")
  expect(await reply.json()).toEqual({ suppliers: [{ name: 'Vanilla Co' }] })
  expect(query.mock.calls[0]?.[1]).toEqual([{ name: 'continent', value: "Asia'", type: 'STRING' }])
})

test('a failing warehouse is a 502', async () => {
  const reply = await get(() => Promise.reject(new Error('asleep')), '/api/suppliers')
  expect(reply.status).toBe(502)
  expect(await reply.json()).toEqual({ error: 'asleep' })
})

test('rows get their names', () => {
  const manifest = { schema: { columns: [{ name: 'a' }, { name: 'b' }] } }
  expect(toRows({ manifest, result: { data_array: [['1', null]] } })).toEqual([{ a: '1', b: null }])
  expect(toRows({ manifest, result: {} })).toEqual([])
})

test('a host without scheme gets one', () => {
  expect(warehouseFromEnv({ DATABRICKS_HOST: 'x.cloud.databricks.com/' }).host).toBe('https://x.cloud.databricks.com')
})
