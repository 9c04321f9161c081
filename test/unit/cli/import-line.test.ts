import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseImportLine } from '../../../cli/import-line.ts'
import { LAST_MILLISECOND } from '../../../lib/ingest/validate.ts'

const good = (value: string, more: object = {}) => ({
  metric: 'm',
  timestamp: 1356998400,
  value,
  tags: { host: 'a' },
  ...more,
})

/** Puts the value between quotes if it is not: JSON.parse would change its digits. */
function valueQuoted(point: string): string {
  return point.replace(/"value":([^",]+),/, '"value":"$1",')
}

function pointOf(line: string): unknown {
  const parsed = parseImportLine(line)
  return parsed !== undefined && 'point' in parsed ? JSON.parse(valueQuoted(parsed.point)) : parsed
}

describe('parseImportLine', () => {
  it.each([
    ['a plain line', 'm 1356998400 42 host=a', good('42')],
    ['several blanks between words', 'm   1356998400  42    host=a', good('42')],
    ['tabs', 'm\t1356998400\t42\thost=a', good('42')],
    ['blanks around', '  m 1356998400 42 host=a  ', good('42')],
    ['a carriage return at the end', 'm 1356998400 42 host=a\r', good('42')],
    ['a byte order mark at the start', '\ufeffm 1356998400 42 host=a', good('42')],
    ['milliseconds', 'm 1356998400500 42 host=a', good('42', { timestamp: 1356998400500 })],
    ['milliseconds behind a point', 'm 1356998400.5 42 host=a', good('42', { timestamp: 1356998400500 })],
    ['a double', 'm 1356998400 0.17 host=a', good('0.17')],
    ['a double with an exponent', 'm 1356998400 -1.5e-7 host=a', good('-1.5e-7')],
    ['the largest 64-bit integer', 'm 1356998400 9223372036854775807 host=a', good('9223372036854775807')],
    ['the smallest 64-bit integer', 'm 1356998400 -9223372036854775808 host=a', good('-9223372036854775808')],
    ['more digits than a double holds', 'm 1356998400 0.12345678901234567890 host=a', good('0.12345678901234567890')],
    ['a sign', 'm 1356998400 +5 host=a', good('+5')],
    [
      'letters of any language',
      'température 1356998400 1 hôte=東京',
      {
        metric: 'température',
        timestamp: 1356998400,
        value: '1',
        tags: { hôte: '東京' },
      },
    ],
    ['the same tag twice with one value', 'm 1356998400 1 host=a host=a', good('1')],
    [
      'a metric that ends in a mark that names may have',
      'a/b-c_d.e 1356998400 1 host=a',
      good('1', { metric: 'a/b-c_d.e' }),
    ],
  ])('reads %s', (_, line, point) => {
    expect(pointOf(line)).toEqual(point)
  })

  it('takes a tag called __proto__ like any other', () => {
    expect(parseImportLine('m 1356998400 1 __proto__=a')).toEqual({
      point: '{"metric":"m","timestamp":1356998400,"value":1,"tags":{"__proto__":"a"}}',
    })
  })

  it.each(['', ' ', '\t\r', '# a comment', '  #another 1 2 a=b'])('passes over %j', (line) => {
    expect(parseImportLine(line)).toBeUndefined()
  })

  it.each([
    ['a metric alone', 'm', /^no timestamp/],
    ['no value', 'm 1356998400', /^no value/],
    ['no tags', 'm 1356998400 42', /^Missing tags/],
    ['a metric with a bad character', 'm! 1356998400 42 host=a', /^Invalid metric name \("m!"\): illegal character: !/],
    ['a quote in a metric', 'm" 1356998400 42 host=a', /illegal character: "/],
    ['bytes that are no UTF-8', 'm\ufffd 1356998400 42 host=a', /illegal character/],
    ['a time in words', 'm yesterday 42 host=a', /^Invalid timestamp: yesterday/],
    ['a time of zero', 'm 0 42 host=a', /^Invalid timestamp: 0/],
    ['a negative time', 'm -1356998400 42 host=a', /^Invalid timestamp: -1356998400/],
    ['a time of 14 digits', 'm 13569984000000 42 host=a', /^Invalid timestamp/],
    ['milliseconds that would pass for seconds', 'm 100.5 42 host=a', /^Invalid timestamp: 100\.5/],
    ['a value in words', 'm 1356998400 many host=a', /^Unable to parse value to a number: many/],
    ['NaN', 'm 1356998400 NaN host=a', /^Unable to parse value/],
    ['a hexadecimal value', 'm 1356998400 0x1F host=a', /^Unable to parse value/],
    ['an integer of 65 bits', 'm 1356998400 9223372036854775808 host=a', /^Unable to parse value/],
    ['a double beyond doubles', 'm 1356998400 1e999 host=a', /^Invalid value/],
    ['a tag without =', 'm 1356998400 42 host', /^Invalid tag: host/],
    ['a tag with two =', 'm 1356998400 42 host=a=b', /^Invalid tag: host=a=b/],
    ['a tag without a value', 'm 1356998400 42 host=', /^Invalid tag value: empty/],
    ['a tag without a key', 'm 1356998400 42 =a', /^Invalid tag name: empty/],
    ['a tag twice with two values', 'm 1356998400 42 host=a host=b', /^Duplicate tag: host=a and host=b/],
    [
      'more tags than any server takes',
      `m 1 42${Array.from({ length: 101 }, (_, i) => ` k${i}=v`).join('')}`,
      /^Too many tags: 101/,
    ],
    ['a name that is too long for any server', `m 1 42 host=${'x'.repeat(1025)}`, /1025 bytes/],
    ['a telnet line', 'put m 1356998400 42 host=a', /^Invalid timestamp: m/],
  ])('refuses %s', (_, line, reason) => {
    const parsed = parseImportLine(line)
    expect(parsed).toHaveProperty('bad')
    expect(parsed !== undefined && 'bad' in parsed ? parsed.bad : '').toMatch(reason)
  })

  it.each([
    ['how many tags a point may have', 'm 1356998400 42 a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1'],
    ['how long a name may be', `m 1356998400 42 host=${'x'.repeat(257)}`],
  ])('leaves to the server %s', (_, line) => {
    expect(parseImportLine(line)).toHaveProperty('point')
  })

  it('keeps every name and digit of any good line', () => {
    const name = fc.stringMatching(/^[a-zA-Z0-9._/é-]{1,20}$/)
    const value = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((double) => double.toExponential()),
    )
    const time = fc.integer({ min: 1, max: LAST_MILLISECOND })
    const tags = fc.dictionary(name, name, { minKeys: 1, maxKeys: 8, noNullPrototype: false })
    fc.assert(
      fc.property(name, time, value, tags, (metric, timestamp, text, tags) => {
        const words = Object.entries(tags).map(([tagk, tagv]) => `${tagk}=${tagv}`)
        const point = { metric, timestamp, value: text, tags }
        expect(pointOf([metric, timestamp, text, ...words].join(' '))).toEqual(point)
      }),
    )
  })

  it('never throws, whatever the line', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('m', '1356998400', '1', 'a=b', '=', '\t', 'NaN'))
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const parsed = parseImportLine(words.join(' '))
        if (parsed !== undefined && 'point' in parsed) JSON.parse(parsed.point)
      }),
    )
  })
})
