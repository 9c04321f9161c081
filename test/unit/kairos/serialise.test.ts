import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KIND_NULL } from '../../../lib/kairos/points.ts'
import { parseKairosQuery } from '../../../lib/kairos/request.ts'
import { serialiseAnswer } from '../../../lib/kairos/serialise.ts'
import { KIND_FLOAT, PointColumnsBuilder } from '../../../lib/model/points.ts'
import { javaDouble } from '../../../lib/query/java-double.ts'

const [QUERY] = parseKairosQuery('{"start_absolute":0,"metrics":[{"name":"m"}]}', 0)

/** The text of `values`. */
function valuesText(points: PointColumnsBuilder): string {
  const results = [{ groupBy: [], tags: new Map(), points }]
  const answers = [{ query: QUERY!, sampleSize: points.count, results, saved: [] }]
  const text = [...serialiseAnswer(answers, 1e9)].join('')
  return /"values":(.*)\}\]\}\]\}$/.exec(text)?.[1] ?? text
}

type Value = { double: number } | { integer: bigint } | { text: string } | 'gap'

/** As KairosDB writes it: a whole double without a point unless it has an exponent. */
function expectedText(value: Value): string {
  if (value === 'gap') return 'null'
  if ('text' in value) return JSON.stringify(value.text)
  return 'integer' in value ? String(value.integer) : javaDouble(value.double).replace(/\.0$/, '')
}

test('values are written as KairosDB writes them, whatever is beside them', () => {
  const double = fc
    .oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer().map((n) => n / 100),
      fc.constantFrom(0, -0, 1, -1, 9_999_999, 1e7, -1e7, 1e21, 0.001, 5e-324),
    )
    .map((value): Value => ({ double: value }))
  const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Value => ({ integer: value }))
  const small = fc.integer().map((value): Value => ({ integer: BigInt(value) }))
  const text = fc.string().map((value): Value => ({ text: value }))
  const numbers = fc.array(fc.oneof(double, integer, small, fc.constant<Value>('gap')))
  const all = fc.array(fc.oneof(double, text, integer))
  fc.assert(
    fc.property(fc.oneof(numbers, all), (values) => {
      const points = new PointColumnsBuilder()
      for (const [i, value] of values.entries()) {
        if (value === 'gap') points.push(i, Number.NaN, KIND_NULL)
        else if ('text' in value) points.pushText(i, value.text, 0)
        else if ('integer' in value) points.pushInteger(i, value.integer, 0)
        else points.push(i, value.double, KIND_FLOAT)
      }
      expect(valuesText(points)).toBe(`[${values.map((value, i) => `[${i},${expectedText(value)}]`).join()}]`)
    }),
  )
})

test('many points are written one behind the other', () => {
  const points = new PointColumnsBuilder()
  const expected = Array.from({ length: 5000 }, (_, i) => [1_356_998_400_000 + i, i / 8])
  for (const [time = 0, value = 0] of expected) points.push(time, value, KIND_FLOAT)
  expect(JSON.parse(valuesText(points))).toEqual(expected)
})
