import fc from 'fast-check'
import { expect, test } from 'vitest'
import { storedName } from '../../../lib/kairos/names.ts'
import { parseKairosPut } from '../../../lib/kairos/put-json.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { KIND_FLOAT, KIND_MS, KIND_TEXT } from '../../../lib/model/points.ts'

const NOW = 1_700_000_000_500

/** The points as `metric{tags} time=value`, a double with a point, a text in quotes, with `until` where its time comes. */
function read(text: string, limits = DEFAULT_LIMITS): { points: string[]; errors: readonly string[] } {
  const { batch, errors } = parseKairosPut(text, limits, NOW)
  const { points, series, seriesOf } = batch
  const shown = Array.from({ length: points.count }, (_, i) => {
    const { metric, tags } = series[seriesOf[i]!]!
    const kind = points.kinds[i]!
    expect(kind & KIND_MS).toBe(KIND_MS)
    const number = points.bigs.get(i) ?? points.values[i]!
    const float = Object.is(number, -0) ? '-0.0' : Number.isInteger(number) ? `${number}.0` : `${number}`
    const value =
      (kind & KIND_TEXT) !== 0 ? JSON.stringify(points.texts?.get(i)) : (kind & KIND_FLOAT) !== 0 ? float : `${number}`
    const until = points.expiries?.[i] ? ` until ${points.expiries[i]}` : ''
    return `${metric}{${tags.map((tag) => tag.join('='))}} ${points.times[i]}=${value}${until}`
  })
  return { points: shown, errors }
}

/** A metric with one point. */
const one = (value: string, more = '') => `{"name":"m","timestamp":1000,"value":${value},"tags":{"h":"a"}${more}}`

test.each([
  ['1', '1'],
  ['-3', '-3'],
  ['2.0', '2.0'],
  ['-0.0', '-0.0'],
  ['-0', '0'],
  ['1.5E10', '15000000000.0'],
  ['1E3', '1000'],
  ['9007199254740993', '9007199254740993'],
  ['-9223372036854775808', '-9223372036854775808'],
  ['9223372036854775808', '9223372036854776000.0'],
  ['1e300', '1e+300.0'],
  ['1e-3', '0.001'],
  ['"42"', '42'],
  ['"+5"', '5'],
  ['"4.25"', '4.25'],
  ['"1e3"', '"1e3"'],
  ['"0x10"', '"0x10"'],
  ['"NaN"', '"NaN"'],
  ['" "', '" "'],
  ['"-"', '"-"'],
  ['true', '"true"'],
  ['"grüße ☃"', '"grüße ☃"'],
  // Gson's leniency
  ['NaN', '"NaN"'],
  ["'x'", '"x"'],
  ['7 // a comment\n', '7'],
])('without a type the value %s is %s', (value, shown) => {
  expect(read(one(value))).toEqual({ points: [`m{h=a} 1000=${shown}`], errors: [] })
})

test.each([
  ['5.75', 'long', '5'],
  ['-5.75', 'long', '-5'],
  ['"7"', 'long', '7'],
  ['5', 'double', '5.0'],
  ['" 7.25d"', 'double', '7.25'],
  ['"1e3"', 'double', '1000.0'],
  ['1.10', 'string', '"1.10"'],
  ['"7"', 'string', '"7"'],
  ['true', 'string', '"true"'],
])('the value %s of type %s is %s', (value, type, shown) => {
  expect(read(one(value, `,"type":"${type}"`))).toEqual({ points: [`m{h=a} 1000=${shown}`], errors: [] })
  const list = `{"name":"m","tags":{"h":"a"},"datapoints":[[1000,${value}]],"type":"${type}"}`
  expect(read(list)).toEqual({ points: [`m{h=a} 1000=${shown}`], errors: [] })
  const pointType = `{"name":"m","tags":{"h":"a"},"datapoints":[[1000,${value},"${type}"]]}`
  expect(read(pointType)).toEqual({ points: [`m{h=a} 1000=${shown}`], errors: [] })
})

test.each([
  ['""', '', 'metric[0](name=m).value may not be empty.'],
  ['null', '', 'metric[0](name=m).value may not be empty.'],
  ['[]', '', 'metric[0](name=m).value may not be an empty array.'],
  ['[1]', '', 'metric[0](name=m) value is an invalid type'],
  ['{"a":1}', '', 'metric[0](name=m) value is an invalid type'],
  ['5', ',"type":"LONG"', "Unregistered data point type 'LONG'"],
  ['5', ',"type":5', "Unregistered data point type '5'"],
  ['"7.25"', ',"type":"long"', 'metric[0](name=m) value is not a number of 64 bits: "7.25"'],
  ['"NaN"', ',"type":"double"', 'metric[0](name=m) value is not a number of 64 bits: "NaN"'],
  ['1e400', ',"type":"double"', 'metric[0](name=m) value is not a number of 64 bits: "1e400"'],
  ['"1.2.3"', '', 'metric[0](name=m) value is not a number of 64 bits: "1.2.3"'],
])('the value %s%s is refused', (value, more, error) => {
  expect(read(one(value, more))).toEqual({ points: [], errors: [error] })
})

test('good points of a request are kept, and each bad one is told', () => {
  const body = `[${one('1')},{"name":"","timestamp":1,"value":1,"tags":{}},{"name":"n","tags":{"h":"","":"x"}},
    {"name":"l","tags":{"h":"a"},"datapoints":[[1,2],[],[3],[null,4],["x",5],["6",7.5],[8.9,9],[10,null],[11,1,"x"],[-1,2],[4294967296000,3]]}]`
  expect(read(body)).toEqual({
    points: ['m{h=a} 1000=1', 'l{h=a} 1=2', 'l{h=a} 6=7.5', 'l{h=a} 8=9'],
    errors: [
      'metric[1].name may not be empty.',
      'metric[1].tags count must be greater than or equal to 1.',
      'metric[2](name=n).tag[h].value may not be empty.',
      'metric[2](name=n).tag[1].name may not be empty.',
      'metric[3](name=l).datapoints[1].timestamp cannot be null or empty.',
      'metric[3](name=l).datapoints[2].value cannot be null or empty.',
      'metric[3](name=l).datapoints[3].timestamp may not be null.',
      'metric[3](name=l).datapoints[4].timestamp must be a whole number of milliseconds.',
      'metric[3](name=l).datapoints[7].value may not be empty.',
      "Unregistered data point type 'x'",
      'metric[3](name=l).datapoints[9].timestamp must lie within the years 1970 to 2106: -1.',
      'metric[3](name=l).datapoints[10].timestamp must lie within the years 1970 to 2106: 4294967296000.',
    ],
  })
})

test('what stands before the place where the body breaks is kept', () => {
  const early = 'Invalid json. No content due to end of input.'
  expect(read('')).toEqual({ points: [], errors: [early] })
  expect(read(`[${one('1')},`)).toEqual({ points: ['m{h=a} 1000=1'], errors: [early, early] })
  expect(read(`[${one('1')},]`).points).toHaveLength(1)
  expect(read(`[${one('1')},]`).errors).toHaveLength(1)
  expect(read(`[${one('1')},{"name":`).errors).toHaveLength(1)
  expect(read(`[${one('1')},{"name":"m","tags":["a"]},${one('2')}]`).points).toEqual(['m{h=a} 1000=1'])
  expect(read(`${one('1')} x`)).toEqual({ points: ['m{h=a} 1000=1'], errors: [] })
  for (const bad of ['hello', '5', 'null', '[5]', '[null]', '[[]]', '{"name"', one('1', ',"tags":{"h":"a","h":"b"}')]) {
    expect(read(bad)).toMatchObject({ points: [], errors: [expect.any(String)] })
  }
})

test('a time to live counts from now, and none, 0 and less mean for ever', () => {
  const until = 1_700_000_000 + 60
  expect(read(one('1', ',"ttl":60')).points).toEqual([`m{h=a} 1000=1 until ${until}`])
  expect(read(one('1', ',"ttl":"60"')).points).toEqual([`m{h=a} 1000=1 until ${until}`])
  for (const ttl of ['0', '-1', 'null']) expect(read(one('1', `,"ttl":${ttl}`)).points).toEqual(['m{h=a} 1000=1'])
  for (const ttl of ['1.5', '"x"', '3000000000', 'true']) expect(read(one('1', `,"ttl":${ttl}`)).errors).toHaveLength(1)
})

test('names are kept as the store writes them, and tags in any order are one series', () => {
  const body = `[{"name":"a b","time":1,"value":1,"tags":{"k":"=","c":"ü"}},{"name":"a b","time":2,"value":1,"tags":{"c":"ü","k":"="}}]`
  expect(read(body).points).toEqual(['a_x20_b{c=ü,k=_x3D_} 1=1', 'a_x20_b{c=ü,k=_x3D_} 2=1'])
  expect(parseKairosPut(body, DEFAULT_LIMITS, NOW).batch.series).toHaveLength(1)
})

test('limits are named where they are passed', () => {
  const limits = { ...DEFAULT_LIMITS, kairosTags: 1, kairosNameBytes: 8, textBytes: 4, pointsPerRequest: 2 }
  expect(read('{"name":"a","time":1,"value":1,"tags":{"a":"b","c":"d"}}', limits).errors).toEqual([
    'metric[0](name=a).tags count must be at most 1, which kairosTags allows: 2.',
  ])
  expect(read('{"name":"a b","time":1,"value":1,"tags":{"a":"b"}}', limits).errors).toEqual([])
  expect(read('{"name":"a  b","time":1,"value":1,"tags":{"a":"b"}}', limits).errors).toEqual([
    'metric[0].name has 12 bytes as it is stored, kairosNameBytes allows 8.',
  ])
  expect(read('{"name":"a","time":1,"value":"12345","tags":{"a":"b"}}', limits).errors).toEqual([
    'metric[0](name=a) value has 5 bytes, textBytes allows 4',
  ])
  const many = '{"name":"a","datapoints":[[1,1],[2,2],[3,3]],"tags":{"a":"b"}}'
  expect(() => read(many, limits)).toThrow('pointsPerRequest')
})

test('any points come out as they went in', () => {
  const value = fc.oneof(
    fc.integer(),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((double) => !Number.isInteger(double) && !/e/.test(`${double}`)),
    fc.string({ minLength: 1 }).filter((text) => !/^[+\-.0-9]/.test(text)),
  )
  const metric = fc.record({
    name: fc.string({ minLength: 1, maxLength: 20 }),
    tags: fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.string({ minLength: 1, maxLength: 5 }), {
      minKeys: 1,
      maxKeys: 4,
      noNullPrototype: true,
    }),
    datapoints: fc.array(fc.tuple(fc.nat(4_000_000_000_000), value), { maxLength: 5 }),
  })
  fc.assert(
    fc.property(fc.array(metric, { minLength: 1, maxLength: 5 }), (metrics) => {
      const { batch, errors } = parseKairosPut(JSON.stringify(metrics), DEFAULT_LIMITS, NOW)
      expect(errors).toEqual([])
      const want = metrics.flatMap(({ name, datapoints }) =>
        datapoints.map(([time, sent]) => [storedName(name), time, typeof sent === 'number' ? sent + 0 : sent]),
      )
      const got = Array.from({ length: batch.points.count }, (_, i) => [
        batch.series[batch.seriesOf[i]!]!.metric,
        batch.points.times[i],
        batch.points.texts?.get(i) ?? batch.points.values[i]! + 0,
      ])
      expect(got).toEqual(want)
    }),
    { numRuns: 200 },
  )
})

test('whatever is sent, it is read or refused in words', () => {
  const token = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"name"',
    '"tags"',
    '"datapoints"',
    '"value"',
    '"time"',
    '1',
    '-',
    '"',
    "'",
    'x',
    ' ',
    '#',
    '1e9',
  )
  const whole = fc.constantFrom(one('1'), one("'x'"), one('[[]]'))
  const body = fc.array(fc.oneof({ weight: 5, arbitrary: token }, { weight: 1, arbitrary: whole }), { maxLength: 30 })
  fc.assert(
    fc.property(body, (tokens) => {
      const { batch, errors } = parseKairosPut(tokens.join(''), DEFAULT_LIMITS, NOW)
      expect(batch.seriesOf).toHaveLength(batch.points.count)
      for (const error of errors) expect(error).toMatch(/\S/)
    }),
    { numRuns: 3000 },
  )
})

test('many metrics that are no JSON are read as quickly as others', () => {
  const metrics = Array.from({ length: 20_000 }, (_, i) => one(`'v${i}'`))
  expect(read(`[${metrics}]`).points).toHaveLength(20_000)
})
