import { expect, test } from 'vitest'
import { grouped, usd } from './format'

test('usd', () => expect(usd(1234.5)).toBe('$1,234.50'))
test('grouped', () => {
  expect(grouped('1234567')).toBe('1,234,567')
  expect(grouped('12')).toBe('12')
})
