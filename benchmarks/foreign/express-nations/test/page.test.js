'use strict'
const { test } = require('node:test')
const assert = require('node:assert/strict')
const { errorPage, page } = require('../lib/page')

const NATIONS = [
  { region: 'AFRICA', nation: 'KENYA', orders: 9000, value: 900000.5 },
  { region: 'ASIA', nation: 'JAPAN', orders: 3345, value: 300000.5 }
]

test('cards are rounded, the table is not', () => {
  const html = page(NATIONS, '')
  for (const text of ['12.3K', '1.2M', '$900,000.50', '75.0%']) assert.ok(html.includes(text), text)
})

test('nothing found', () => assert.match(page([], 'ASIA'), /No orders/))

test('messages are escaped', () => assert.match(errorPage('<b>'), /&lt;b&gt;/))
