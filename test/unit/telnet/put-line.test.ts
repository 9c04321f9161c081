import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { parsePutLine } from '../../../lib/telnet/put-line.ts'

const parse = (line: string) => parsePutLine(line.split(' '))
const faultOf = (line: string) => {
  const parsed = parse(line)
  return 'fault' in parsed ? parsed.fault : parsed.point
}
const point = (timestamp: number, value: string) =>
  `{"metric":"sys.cpu.user","timestamp":${timestamp},"value":${value},"tags":{"host":"web01"}}`

describe('parsePutLine', () => {
  it.each([
    ['seconds', 'put sys.cpu.user 1356998400 42 host=web01', point(1356998400, '42')],
    ['milliseconds', 'put sys.cpu.user 1356998400500 42 host=web01', point(1356998400500, '42')],
    ['milliseconds behind a point', 'put sys.cpu.user 1356998400.5 42 host=web01', point(1356998400500, '42')],
    ['milliseconds as KairosDB has them', 'putm sys.cpu.user 1356998400500 42 host=web01', point(1356998400500, '42')],
    ['the largest integer', 'put sys.cpu.user 1 9223372036854775807 host=web01', point(1, '9223372036854775807')],
    ['a double by its digits', 'put sys.cpu.user 1 0.10 host=web01', point(1, '0.10')],
    ['an exponent', 'put sys.cpu.user 1 1.25E-5 host=web01', point(1, '1.25E-5')],
    ['a large exponent', 'put sys.cpu.user 1 1e+21 host=web01', point(1, '1e+21')],
    ['a sign, as a text', 'put sys.cpu.user 1 +5 host=web01', point(1, '"+5"')],
    ['a tag twice', 'put sys.cpu.user 1 5 host=web01 host=web01', point(1, '5')],
    [
      'what KairosDB says of the time to live, as no tag',
      'put sys.cpu.user 1 5 kairos_opt.ttl=60 host=web01',
      point(1, '5'),
    ],
  ])('reads %s', (_, line, json) => {
    expect(parse(line)).toEqual({ point: json })
  })

  it.each([
    ['put', 'put: illegal argument: not enough arguments (need least 4, got 0)'],
    ['put m 1 2', 'put: illegal argument: not enough arguments (need least 4, got 3)'],
    ['putm m 1 2', 'putm: illegal argument: not enough arguments (need least 4, got 3)'],
    ['put m now 1 a=b', "put: invalid value: Invalid character 'n' in now"],
    ['put m - 1 a=b', 'put: invalid value: Just a sign, no value: -'],
    ['put m . 1 a=b', 'put: invalid value: Empty string'],
    ['put m 12345678901234567890 1 a=b', 'put: invalid value: Value too long: 12345678901234567890'],
    ['put m 9999999999999999999 1 a=b', 'put: invalid value: Overflow in 9999999999999999999'],
    ['put m 0 1 a=b', 'put: illegal argument: invalid timestamp: 0'],
    ['put m -5 1 a=b', 'put: illegal argument: invalid timestamp: -5'],
    [
      'put m 13569984000000 1 a=b',
      'put: illegal argument: bad timestamp=13569984000000 when trying to add value=[1]/0 to metric=m, tags={a=b}',
    ],
    ['put m 1 one a=b', 'put: invalid value: For input string: "one"'],
    ['put m 1 9223372036854775808 a=b', 'put: invalid value: Overflow in 9223372036854775808'],
    ['put m 1 NaN a=b', 'put: invalid value: For input string: "NaN"'],
    ['put m 1 1e999 a=b', 'put: illegal argument: value is NaN or Infinite: Infinity for metric=m timestamp=1'],
    ['put m 1 1 a', 'put: illegal argument: invalid tag: a'],
    ['put m 1 1 a=', 'put: illegal argument: invalid tag: a='],
    ['put m 1 1 a=b=c', 'put: illegal argument: invalid tag: a=b=c'],
    [
      'put m 1 1 a=b kairos_opt.ttl=1d',
      'put: illegal argument: invalid tag: kairos_opt.ttl=1d, a time to live is a whole number of seconds',
    ],
    ['put m 1 1 a=b a=c', 'put: illegal argument: duplicate tag: a=c, tags={a=b}'],
    ['put m! 1 1 a=b', 'put: illegal argument: Invalid metric name ("m!"): illegal character: !'],
    ['put m 1 1 a=b!', 'put: illegal argument: Invalid tag value with key [a] ("b!"): illegal character: !'],
    [
      'put m 1 1 a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1',
      'put: illegal argument: Too many tags: 9 maximum allowed: 8, tags: {a=1, b=1, c=1, d=1, e=1, f=1, g=1, h=1, i=1}',
    ],
    [
      'putm m 1356998400 1 a=b',
      'putm: illegal argument: invalid timestamp: 1356998400 milliseconds are before 1970-02-19',
    ],
  ])('refuses %s', (line, fault) => {
    expect(faultOf(line)).toBe(fault)
  })

  it('goes by the limits that are configured', () => {
    const line = 'put m 1 1 a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1'.split(' ')
    expect(parsePutLine(line, { ...DEFAULT_LIMITS, tags: 9 })).toHaveProperty('point')
  })

  it('makes valid JSON or a fault of one line of whatever words come', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.constantFrom('m', '1356998400', '1.5', '1e3', '1\0.5', 'a=b', 'c=d', '"', '\\'),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const parsed = parsePutLine(['put', ...words.filter((each) => !/[ \t\r\n]/.test(each))])
        if ('point' in parsed) JSON.parse(parsed.point)
        else expect(parsed.fault).not.toContain('\n')
      }),
    )
  })
})
