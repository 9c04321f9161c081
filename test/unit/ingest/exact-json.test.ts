import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Json, JsonNumber, parseExactJson } from '../../../lib/ingest/exact-json.ts'
import { UnreadablePutError } from '../../../lib/ingest/put-errors.ts'

/** The value as JSON.parse gives it. */
function plain(value: Json): unknown {
  if (value instanceof JsonNumber) return Number(value.text)
  if (value instanceof Map) {
    const members = [...value].map(([name, member]) => [name, plain(member)] as const)
    // Not Object.fromEntries alone: JSON.parse makes `__proto__` a member too, and so does it.
    return Object.fromEntries(members)
  }
  return Array.isArray(value) ? value.map(plain) : value
}

describe('parseExactJson', () => {
  test('reads whatever JSON.stringify writes as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(plain(parseExactJson(text, 100))).toEqual(JSON.parse(text))
      }),
    )
  })

  test('keeps the digits of numbers', () => {
    const value = parseExactJson('[9223372036854775807, -0.10, 1E5]', 2)
    expect(value).toEqual(['9223372036854775807', '-0.10', '1E5'].map((text) => new JsonNumber(text)))
  })

  test('takes __proto__ for a member like any other', () => {
    expect(parseExactJson('{"__proto__":{"a":true}}', 2)).toEqual(new Map([['__proto__', new Map([['a', true]])]]))
  })

  test('lets the last of equal members win', () => {
    expect(parseExactJson('{"a":"first","a":"last"}', 1)).toEqual(new Map([['a', 'last']]))
  })

  test('allows as many levels as it is told', () => {
    expect(parseExactJson('[[]]', 2)).toEqual([[]])
    expect(() => parseExactJson('[[[]]]', 2)).toThrow(UnreadablePutError)
    expect(() => parseExactJson('['.repeat(1_000_000), 32)).toThrow(UnreadablePutError)
  })

  const rejects = (what: string, text: string) =>
    test(`rejects ${what}`, () => expect(() => parseExactJson(text, 8)).toThrow(UnreadablePutError))

  rejects('an empty text', '')
  rejects('an object that does not end', '{"a":1')
  rejects('a comma before a bracket', '[1,]')
  rejects('a member name without quotes', '{a:1}')
  rejects('a second value', '1 2')
  rejects('a number with a leading zero', '[01]')
  rejects('NaN', 'NaN')
})
