import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitJsonValues } from '../../../lib/ingest/split-json.ts'

describe('splitJsonValues', () => {
  const splits = (what: string, text: string, want: string[]) =>
    test(`splits ${what}`, () => expect(splitJsonValues(text)).toEqual(want))

  splits('nothing into nothing', ' \r\n\t', [])
  splits('one value spread over lines into one', '{\n "a": [1,\n2]\n}\n', ['{\n "a": [1,\n2]\n}'])
  splits('lines', '{"a":1}\n{"a":2}\r\n[3]', ['{"a":1}', '{"a":2}', '[3]'])
  splits('values without anything between them', '{"a":1}{"a":2}[3]', ['{"a":1}', '{"a":2}', '[3]'])
  splits('not at brackets and newlines within strings', String.raw`{"a":"}\"{\n"}{}`, [
    String.raw`{"a":"}\"{\n"}`,
    '{}',
  ])
  splits('a bad line from the good ones around it', '{"a":1}\n{"a":\n{"a":2}', ['{"a":1}', '{"a":', '{"a":2}'])
  splits('a line with an open string from the next', '{"a":"x\n{"a":2}', ['{"a":"x', '{"a":2}'])
  splits('bare values by line', '21.5\ntrue', ['21.5', 'true'])

  test('finds every value of any lines of JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.json()), (values) => {
        expect(splitJsonValues(values.join('\n'))).toEqual(values.map((value) => value.trimEnd()))
      }),
    )
  })

  test('loses no character but blanks of any text', () => {
    const text = fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', '\n', ' ', 'x') })
    const solid = (s: string) => s.replace(/\s/g, '')
    fc.assert(
      fc.property(text, (s) => {
        expect(solid(splitJsonValues(s).join(''))).toBe(solid(s))
      }),
    )
  })
})
