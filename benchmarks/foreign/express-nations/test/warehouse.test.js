'use strict'
const { test } = require('node:test')
const assert = require('node:assert/strict')
const { Warehouse } = require('../lib/warehouse')

const ENV = { DATABRICKS_HOST: 'https://w/', DATABRICKS_CLIENT_ID: 'a', DATABRICKS_CLIENT_SECRET: 'b', DATABRICKS_WAREHOUSE_ID: 'c' }

const answering = (statementReply, seen = []) => async (url, init) => {
  seen.push([url, init])
  const body = url.endsWith('/oidc/v1/token') ? { access_token: 't', expires_in: 3600 } : statementReply
  return { ok: true, status: 200, json: async () => body }
}

test('signs in once and sends parameters', async () => {
  const seen = []
  const warehouse = new Warehouse(ENV, answering({ status: { state: 'SUCCEEDED' }, result: { data_array: [['1']] } }, seen))
  assert.deepEqual(await warehouse.query('SELECT 1', [{ name: 'x', value: '1', type: 'INT' }]), [['1']])
  await warehouse.query('SELECT 1')
  assert.deepEqual(seen.map(([url]) => url.split('https://w')[1]), ['/oidc/v1/token', '/api/2.0/sql/statements', '/api/2.0/sql/statements'])
  assert.equal(JSON.parse(seen[1][1].body).parameters[0].name, 'x')
  assert.equal(seen[1][1].headers.authorization, 'Bearer t')
})

test('a failed statement is an error', async () => {
  const warehouse = new Warehouse(ENV, answering({ status: { state: 'FAILED', error: { message: 'no table' } } }))
  await assert.rejects(warehouse.query('SELECT'), /no table/)
})
