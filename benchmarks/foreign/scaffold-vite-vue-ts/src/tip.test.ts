import { expect, test } from 'vitest'
import { split } from './tip'

test('splits fare and tip', () => expect(split(40, 20, 2)).toEqual({ tip: 4, each: 24 }))
test('refuses nobody', () => expect(split(40, 20, 0)).toBeNull())
