const test = require('node:test')
const assert = require('node:assert')
const { bySegment } = require('../segments')

test('sums and sorts', () => {
  const out = bySegment([
    { segment: 'BUILDING', balance: 1.1 },
    { segment: 'MACHINERY', balance: 10 },
    { segment: 'BUILDING', balance: 2.2 }
  ])
  assert.deepStrictEqual(out, [
    { segment: 'MACHINERY', customers: 1, balance: 10 },
    { segment: 'BUILDING', customers: 2, balance: 3.3 }
  ])
})

test('nobody', () => assert.deepStrictEqual(bySegment([]), []))
