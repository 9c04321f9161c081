import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MAX_TEXT_BYTES } from '../../../lib/codec/extras.ts'
import { DEFAULT_LIMITS, GREATEST_LIMITS } from '../../../lib/model/limits.ts'

/** `64 MB` or `100,000`, as the page writes a number. */
function asWritten(value: number): string {
  const megabytes = value / 1024 ** 2
  return Number.isInteger(megabytes) ? `${megabytes} MB` : value.toLocaleString('en-US')
}

const page = readFileSync(join(import.meta.dirname, '../../../docs/api/limits.md'), 'utf8')

test('docs/api/limits.md lists every limit with its default, in the order of the code', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, value]) => [name, value])
  expect(rows).toEqual(Object.entries(DEFAULT_LIMITS).map(([name, value]) => [name, asWritten(value)]))
})

test('docs/api/limits.md says what some can never pass', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([^|]+) \|.*; never more(?: than ([\d,]+))? \|/gm)]
  const said = rows.map(([, name, value, most = value]) => [name, most])
  expect(said).toEqual([...GREATEST_LIMITS].map(([name, most]) => [name, asWritten(most)]))
  expect(GREATEST_LIMITS.get('textBytes')).toBe(MAX_TEXT_BYTES)
})
