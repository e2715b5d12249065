const test = require('node:test')
const assert = require('node:assert')
const { toObjects } = require('../rows')

test('rows become objects', () => {
  const manifest = { columns: [{ name: 'supplier' }, { name: 'pieces' }] }
  assert.deepStrictEqual(toObjects(manifest, { data_array: [['S1', '12']] }), [{ supplier: 'S1', pieces: '12' }])
})

test('no rows', () => assert.deepStrictEqual(toObjects({ columns: [] }, {}), []))
