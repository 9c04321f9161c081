import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonStringBytes } from '../../../functions/http/json-bytes.ts'

const bytesInJson = (text: string) => Buffer.byteLength(JSON.stringify(text)) - 2

test('jsonStringBytes says how many bytes JSON.stringify takes, for any text', () => {
  const unit = fc.oneof(fc.nat(0x7f), fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff }))
  fc.assert(
    fc.property(fc.array(unit), (units) => {
      const text = String.fromCharCode(...units)
      expect(jsonStringBytes(text)).toBe(bytesInJson(text))
    }),
    { numRuns: 3000 },
  )
})

test.each([
  '',
  '{"a":1}',
  '\\',
  '\u0000\n\u001f',
  '\u007f',
  'é',
  '€',
  '😀',
  '\ud83d',
  '\ude00',
  '\ud83d\ud83d\ude00',
])('jsonStringBytes of %j', (text) => {
  expect(jsonStringBytes(text)).toBe(bytesInJson(text))
})
