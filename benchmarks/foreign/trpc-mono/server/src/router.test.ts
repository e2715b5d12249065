import { expect, test, vi } from 'vitest'
import { appRouter } from './router.js'
import type { Execute } from './sql.js'

test('daily figures are numbers', async () => {
  const execute = vi.fn<Execute>(async () => [['2016-01-01', '12', '150.456']])
  const caller = appRouter.createCaller({ execute })
  expect(await caller.daily({ since: '2016-01-01' })).toEqual([{ day: '2016-01-01', trips: 12, fares: 150.46 }])
  expect(execute.mock.calls[0]?.[1]).toEqual([{ name: 'since', value: '2016-01-01', type: 'DATE' }])
})

test('a date that is none is refused', async () => {
  const caller = appRouter.createCaller({ execute: async () => [] })
  await expect(caller.daily({ since: 'yesterday' })).rejects.toThrow()
})
