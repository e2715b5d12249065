import { expect, test } from 'vitest'
import { snippet } from './snippet'

test('columns', () => expect(snippet('t', ['a', 'b'], 5)).toBe('SELECT\n  a,\n  b\nFROM t\nLIMIT 5;'))
test('no columns', () => expect(snippet('t', [])).toContain('  *'))
