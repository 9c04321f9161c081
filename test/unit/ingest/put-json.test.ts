import { describe, expect, it } from 'vitest'
import { type ParsedPut, parsePutBody } from '../../../lib/ingest/put-json.ts'
import { LimitExceededError } from '../../../lib/model/errors.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { KIND_BIG, KIND_FLOAT, KIND_MS } from '../../../lib/model/points.ts'

const parse = (text: string, limits = DEFAULT_LIMITS) => parsePutBody(text, limits)
/** JSON of a point with some fields as they are given. */
const point = ({ metric = '"m"', timestamp = '1356998400', value = '1', tags = '{"host":"a"}', more = '' } = {}) =>
  `{"metric":${metric},"timestamp":${timestamp},"value":${value},"tags":${tags}${more}}`

function pointsOf({ batch: { series, seriesOf, points } }: ParsedPut) {
  return Array.from({ length: points.count }, (_, i) => ({
    series: series[seriesOf[i] ?? -1],
    time: points.times[i],
    value: points.bigs.get(i) ?? points.values[i],
    kind: points.kinds[i],
  }))
}

/** Kind and value of the only point. */
function kindAndValue(value: string): [kind: number | undefined, value: number | bigint | undefined] {
  const parsed = parse(point({ value }))
  expect(parsed.errors).toEqual([])
  const [only] = pointsOf(parsed)
  return [only?.kind, only?.value]
}

/** What is wrong with the only point. */
function faultOf(text: string): string {
  const { errors, received } = parse(text)
  expect([errors.length, received]).toEqual([1, 1])
  return errors[0]?.message ?? ''
}

describe('parsePutBody(text, limits) reads', () => {
  it('one point or an array of them, with blanks anywhere', () => {
    const want = [{ series: { metric: 'm', tags: [['host', 'a']] }, time: 1356998400000, value: 1, kind: 0 }]
    expect(pointsOf(parse(point()))).toEqual(want)
    expect(pointsOf(parse(`\t\n[ ${point().replaceAll(/([{}:,])/g, ' $1\r\n')} ]\0`))).toEqual(want)
  })

  it('fields in any order and skips those it does not know', () => {
    const text = `{"a":[1,{"b":[null,true,"\\"}"]}],"tags":{"host":"a"},"c":-1.5e-7,"value":1,"timestamp":1356998400,"metric":"m"}`
    expect(pointsOf(parse(text))).toEqual(pointsOf(parse(point())))
  })

  it('the last of equal fields and of equal tags', () => {
    const text = point({ tags: '{"host":"a","host":"b"}', more: ',"value":2,"metric":"n"' })
    expect(pointsOf(parse(text))).toMatchObject([{ series: { metric: 'n', tags: [['host', 'b']] }, value: 2 }])
    expect(faultOf(point({ more: ',"value":null' }))).toBe('Empty value')
  })

  it('names with escapes, of fields too', () => {
    const text = point({ metric: '"temp\\u00e9rature\\/x"' }).replace('"value"', '"v\\u0061lue"')
    expect(pointsOf(parse(text))).toMatchObject([{ series: { metric: 'température/x' }, value: 1 }])
  })

  it('tags by key, and the same tags in another order or spacing as the same series', () => {
    const [a, b, c] = ['{"b":"2","a":"1"}', '{"a":"1","b":"2"}', '{ "b":"\\u0032", "a":"1" }'].map((tags) =>
      point({ tags }),
    )
    const { batch } = parse(`[${a},${b},${c},${a}]`)
    expect(batch.series).toEqual([
      {
        metric: 'm',
        tags: [
          ['a', '1'],
          ['b', '2'],
        ],
      },
    ])
    expect([...batch.seriesOf]).toEqual([0, 0, 0, 0])
  })

  it('tags whose names hold braces as the names that they are', () => {
    const message = faultOf(point({ tags: '{"a}":"b"}' }))
    expect(message).toBe('Invalid tag name with value [b] ("a}"): illegal character: }')
  })

  it('__proto__ and constructor as names like others', () => {
    const tags = '{"__proto__":"constructor","constructor":"__proto__"}'
    const parsed = parse(`[${point({ tags, metric: '"__proto__"', more: ',"__proto__":{"metric":"n"}' })}]`)
    expect(pointsOf(parsed)).toMatchObject([
      {
        series: {
          metric: '__proto__',
          tags: [
            ['__proto__', 'constructor'],
            ['constructor', '__proto__'],
          ],
        },
      },
    ])
    expect(Object.hasOwn(Object.prototype, 'metric')).toBe(false)
  })

  it('numbers and booleans where names are wanted, by their text', () => {
    const parsed = parse(point({ metric: '1.50', tags: '{"a":true,"b":-5e3}' }))
    // a minus and a point may be in names, so these are names
    expect(pointsOf(parsed)).toMatchObject([
      {
        series: {
          metric: '1.50',
          tags: [
            ['a', 'true'],
            ['b', '-5e3'],
          ],
        },
      },
    ])
  })

  it.each<[string, number, number | bigint]>([
    ['1', 0, 1],
    ['-0', 0, 0],
    ['0', 0, 0],
    ['"+5"', 0, 5],
    ['"007"', 0, 7],
    ['9007199254740991', 0, 9007199254740991],
    ['9007199254740993', KIND_BIG, 9007199254740993n],
    ['-9223372036854775808', KIND_BIG, -9223372036854775808n],
    ['"9223372036854775807"', KIND_BIG, 9223372036854775807n],
    ['"-9007199254740993"', KIND_BIG, -9007199254740993n],
    ['1.0', KIND_FLOAT, 1],
    ['-0.0', KIND_FLOAT, -0],
    ['1e3', KIND_FLOAT, 1000],
    ['1E+2', KIND_FLOAT, 100],
    ['"1e3"', KIND_FLOAT, 1000],
    ['0.1', KIND_FLOAT, 0.1],
    ['0.3', KIND_FLOAT, 0.3],
    ['123456789012.345', KIND_FLOAT, 123456789012.345],
    ['0.1234567890123456789', KIND_FLOAT, 0.12345678901234568],
    ['9007199254740993.0', KIND_FLOAT, 9007199254740992],
    ['5e-324', KIND_FLOAT, 5e-324],
    ['1e-400', KIND_FLOAT, 0],
    ['"5."', KIND_FLOAT, 5],
    ['".5"', KIND_FLOAT, 0.5],
    ['" 1.5 "', KIND_FLOAT, 1.5],
    ['"1.5f"', KIND_FLOAT, 1.5],
  ])('the value %s exactly, an integer or a double by its text', (text, kind, value) => {
    expect(kindAndValue(text)).toEqual([kind, value])
  })

  it.each<[string, number, number]>([
    ['1356998400', 1356998400000, 0],
    ['"1356998400"', 1356998400000, 0],
    ['" +1356998400 "', 1356998400000, 0],
    ['1356998400.9', 1356998400000, 0],
    ['1.3569984e9', 1356998400000, 0],
    ['4294967295', 4294967295000, 0],
    ['4294967296', 4294967296, KIND_MS],
    ['1356998400500', 1356998400500, KIND_MS],
    ['4294967295999', 4294967295999, KIND_MS],
  ])('the timestamp %s', (timestamp, time, kind) => {
    expect(pointsOf(parse(point({ timestamp })))).toMatchObject([{ time, kind }])
  })
})

describe('parsePutBody(text, limits) lists a point and keeps the others where', () => {
  it.each([
    [point({ metric: 'null' }), 'Metric name was empty'],
    [point({ timestamp: '-1' }), 'Invalid timestamp'],
    [point({ timestamp: '0.5' }), 'Invalid timestamp'],
    [point({ timestamp: '""' }), 'Invalid timestamp'],
    [point({ value: '""' }), 'Empty value'],
    [point({ tags: 'null' }), 'Missing tags'],
    [point({ value: '"1,5"' }), 'Unable to parse value to a number'],
    [point({ value: '"NaN"' }), 'Unable to parse value to a number'],
    [point({ value: '"-Infinity"' }), 'Unable to parse value to a number'],
    [point({ value: '"0x1p3"' }), 'Unable to parse value to a number'],
    [point({ value: '"."' }), 'Unable to parse value to a number'],
    [point({ value: '"1e"' }), 'Unable to parse value to a number'],
    [point({ value: '" 1"' }), 'Unable to parse value to a number'],
    [point({ value: 'false' }), 'Unable to parse value to a number'],
    [point({ value: '-9223372036854775809' }), 'Unable to parse value to a number'],
    [point({ value: '1e400' }), 'value is NaN or Infinite: Infinity for metric=m timestamp=1356998400'],
    [point({ value: '"-1e400"' }), 'value is NaN or Infinite: -Infinity for metric=m timestamp=1356998400'],
    [
      point({ timestamp: '4294967296000', value: '300' }),
      'bad timestamp=4294967296000 when trying to add value=[1, 44]/1 to metric=m, tags={host=a}',
    ],
    [
      point({ timestamp: '10000000000000', value: '300' }),
      'bad timestamp=10000000000000 when trying to add value=[1, 44]/1 to metric=m, tags={host=a}',
    ],
    [
      point({ timestamp: '9223372036854775807', value: '4.25' }),
      'bad timestamp=9223372036854775807 when trying to add value=[64, -120, 0, 0]/11 to metric=m, tags={host=a}',
    ],
    [point({ metric: '"a;b"' }), 'Invalid metric name ("a;b"): illegal character: ;'],
    [point({ metric: '"a😀"' }), 'Invalid metric name ("a😀"): illegal character: 😀'],
    [point({ tags: '{"host":null}' }), 'Invalid tag value with key [host]: null'],
    [point({ tags: '{"":"a"}' }), 'Invalid tag name with value [a]: empty string'],
    ['{}', 'Metric name was empty'],
  ])('%s', (text, message) => {
    expect(faultOf(text)).toBe(message)
    const { batch, received } = parse(`[${point()},${text},${point()}]`)
    expect([batch.points.count, received]).toEqual([2, 3])
  })

  it('names are bad in the order in which Java walks a map', () => {
    // their buckets: dc 15, host 8
    const tags = '{"dc":"","host":""}'
    expect(faultOf(point({ tags }))).toBe('Invalid tag value with key [host]: empty string')
  })

  it('a name has more bytes than nameBytes, counted in UTF-8', () => {
    const limits = { ...DEFAULT_LIMITS, nameBytes: 4 }
    expect(parse(point({ metric: '"üü"' }), limits).errors).toEqual([])
    expect(parse(point({ metric: '"üüa"' }), limits).errors[0]?.message).toBe(
      'Invalid metric name: 5 bytes, nameBytes allows 4',
    )
  })

  it('there are more tags than the limit, however many', () => {
    const tags = `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":"v"`).join()}}`
    const { errors } = parse(point({ tags }))
    expect(errors[0]?.message).toMatch(/^Too many tags: 100000 maximum allowed: 8, tags: \{k/)
    expect(errors[0]?.datapoint.length).toBeLessThan(5000)
    expect(() => JSON.parse(errors[0]?.datapoint ?? '')).not.toThrow()
  })

  it('it echoes what was sent, cut where it is very long', () => {
    const { errors } = parse(point({ metric: `"${'x'.repeat(100_000)}"`, value: '1.50', tags: '{"a":5,"b":null}' }))
    expect(JSON.parse(errors[0]?.datapoint ?? '')).toEqual({
      metric: `${'x'.repeat(1024)}...`,
      timestamp: 1356998400,
      value: '1.50',
      tags: { a: '5', b: null },
    })
  })

  it('others come after it: goodIndexes says where they were', () => {
    expect(parse(`[${point()},${point()}]`).goodIndexes).toBeUndefined()
    const { goodIndexes } = parse(`[${point()},null,${point()},${point({ value: '""' })},${point()}]`)
    expect(goodIndexes).toEqual([0, 2, 4])
  })
})

describe('parsePutBody(text, limits) refuses the whole body where', () => {
  it.each([
    ['', 'Missing request content'],
    [' \n\0', 'Missing request content'],
    ['[]', 'No datapoints found in content'],
    ['5', 'The JSON must start as an object or an array'],
    ['null', 'The JSON must start as an object or an array'],
    ['\ufeff[]', 'The JSON must start as an object or an array'],
    ['[{"metric":', 'Unable to parse the given JSON'],
    ['[1]', 'Unable to parse the given JSON'],
    ['[[]]', 'Unable to parse the given JSON'],
    [`[${point()},]`, 'Unable to parse the given JSON'],
    [`[${point()}`, 'Unable to parse the given JSON'],
    [`${point()}${point()}`, 'Unable to parse the given JSON'],
    ['{"metric" "m"}', 'Unable to parse the given JSON'],
    ['{metric:"m"}', 'Unable to parse the given JSON'],
    ["{'metric':'m'}", 'Unable to parse the given JSON'],
    ['{"metric":"m",}', 'Unable to parse the given JSON'],
    [point({ metric: '["m"]' }), 'Unable to parse the given JSON'],
    [point({ metric: '"a\nb"' }), 'Unable to parse the given JSON'],
    [point({ metric: '"\\x"' }), 'Unable to parse the given JSON'],
    [point({ metric: '"\\u12"' }), 'Unable to parse the given JSON'],
    [point({ value: '{"a":1}' }), 'Unable to parse the given JSON'],
    [point({ value: 'NaN' }), 'Unable to parse the given JSON'],
    [point({ value: '+5' }), 'Unable to parse the given JSON'],
    [point({ value: '01' }), 'Unable to parse the given JSON'],
    [point({ value: '1.' }), 'Unable to parse the given JSON'],
    [point({ value: '.5' }), 'Unable to parse the given JSON'],
    [point({ value: '1e' }), 'Unable to parse the given JSON'],
    [point({ value: 'tru' }), 'Unable to parse the given JSON'],
    [point({ timestamp: 'true' }), 'Unable to parse the given JSON'],
    [point({ timestamp: '"yesterday"' }), 'Unable to parse the given JSON'],
    [point({ timestamp: '9223372036854775808' }), 'Unable to parse the given JSON'],
    [point({ timestamp: '1e400' }), 'Unable to parse the given JSON'],
    [point({ timestamp: `"${'9'.repeat(100_000)}"` }), 'Unable to parse the given JSON'],
    [point({ tags: '["host"]' }), 'Unable to parse the given JSON'],
    [point({ tags: '"host=a"' }), 'Unable to parse the given JSON'],
    [point({ tags: '{"host":["a"]}' }), 'Unable to parse the given JSON'],
    [point({ more: ',"x":nul' }), 'Unable to parse the given JSON'],
  ])('it is %j', (text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  it('says what was wanted and where', () => {
    expect(() => parse('[\n  {"metric": "m",\n   "timestamp": "yesterday"}]')).toThrow(
      expect.objectContaining({
        details: 'A 64-bit number wanted for timestamp, found "\\"yesterday\\"}]" at line 3, column 17',
      }),
    )
  })

  it('it nests too deeply or holds too many points, naming the limit', () => {
    const deep = (levels: number) => point({ more: `,"x":${'['.repeat(levels)}${']'.repeat(levels)}` })
    expect(parse(deep(DEFAULT_LIMITS.jsonDepth - 1)).errors).toEqual([])
    expect(() => parse(deep(1_000_000))).toThrow(LimitExceededError)
    const limits = { ...DEFAULT_LIMITS, pointsPerRequest: 2 }
    expect(parse(`[${point()},${point()}]`, limits).received).toBe(2)
    expect(() => parse(`[null,${point()},null]`, limits)).toThrow(/pointsPerRequest allows 2/)
  })
})
