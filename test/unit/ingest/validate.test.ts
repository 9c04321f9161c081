import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { javaMapOrder, javaValueText } from '../../../lib/ingest/java-text.ts'
import { BadTimestampError, BadValueError } from '../../../lib/ingest/put-errors.ts'
import { checkName, parseTimestamp, parseValue } from '../../../lib/ingest/validate.ts'
import { KIND_BIG, KIND_FLOAT, KIND_MS } from '../../../lib/model/points.ts'

describe('checkName(kind, name)', () => {
  it.each(['a', 'Z9', 'sys.cpu/0-user_x', 'température', '温度', 'Ωμέγα', '__proto__'])('takes %s', (name) => {
    expect(checkName('metric', name)).toBeUndefined()
  })

  it.each([
    'a b',
    'a;b',
    'a=b',
    'a,b',
    '{a}',
    'a*',
    'a:b',
    '½',
    '²',
    '٣',
    '\u0301',
    '𝒳',
    '\ud800',
    'a\0',
  ])('refuses %j for its character', (name) =>
    expect(checkName('tagk', name)).toMatch(/^Invalid tag name \(".*"\): illegal character: /s))

  it('refuses none, nothing and too much', () => {
    expect(checkName('tagv', null)).toBe('Invalid tag value: null')
    expect(checkName('tagv', '')).toBe('Invalid tag value: empty string')
    expect(checkName('tagv', 'a'.repeat(256))).toBeUndefined()
    expect(checkName('tagv', 'é'.repeat(129))).toBe('Invalid tag value: 258 bytes, nameBytes allows 256')
  })
})

describe('parseValue(text)', () => {
  it('reads every 64-bit integer exactly', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (integer) => {
        const { float, value, big } = parseValue(String(integer))
        expect([float, big ?? BigInt(value)]).toEqual([false, integer])
      }),
    )
  })

  it('reads every double back that was written with a point or an exponent', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
        const text = Object.is(double, -0) ? '-0.0' : /[.e]/.test(String(double)) ? String(double) : `${double}.0`
        expect(parseValue(text)).toEqual({ float: true, value: double })
      }),
    )
  })

  it.each([
    '',
    ' ',
    '-',
    '+',
    '--1',
    '1 2',
    '0x10',
    '1_0',
    'NaN',
    'true',
    '9223372036854775808',
    `1${'0'.repeat(19)}`,
  ])('refuses %j', (text) => expect(() => parseValue(text)).toThrow(BadValueError))

  it('takes time linear in the text', () => {
    expect(() => parseValue(`${'1'.repeat(1_000_000)}x`)).toThrow(BadValueError)
    expect(() => parseValue(`${'1'.repeat(1_000_000)}.e`)).toThrow(BadValueError)
  })
})

describe('parseTimestamp(text)', () => {
  it.each<[string, number, number]>([
    ['1356998400', 1356998400000, 0],
    ['4294967295', 4294967295000, 0],
    ['4294967296', 4294967296, KIND_MS],
    ['1356998400500', 1356998400500, KIND_MS],
    ['1356998400.500', 1356998400500, KIND_MS],
    ['1356998400.5', 1356998400500, KIND_MS],
  ])('reads %s', (text, time, kind) => {
    expect(parseTimestamp(text)).toEqual({ time, kind })
  })

  it.each([
    '',
    '0',
    '-1',
    '1e9',
    'now',
    '12345678901234',
    '4294967296000',
    '4294967296.0',
    '1356998400.',
    '1356998400500.5',
    '1356998400.5000',
  ])('refuses %j', (text) => expect(() => parseTimestamp(text)).toThrow(BadTimestampError))
})

describe('javaMapOrder(entries)', () => {
  const order = (...keys: string[]) => javaMapOrder(keys.map((key) => [key, ''] as const)).map(([key]) => key)

  it('is the order in which java.util.HashMap walks its buckets', () => {
    // hash codes 97, 3208616 and 3199, spread and modulo 16: buckets 1, 8 and 15
    expect(order('dc', 'host', 'a')).toEqual(['a', 'host', 'dc'])
    expect(order('k8', 'k0', 'k3')).toEqual(['k0', 'k3', 'k8'])
  })

  it('keeps the order of insertion within a bucket', () => {
    // "Aa" and "BB" have the same hash code
    expect(order('Aa', 'BB')).toEqual(['Aa', 'BB'])
    expect(order('BB', 'Aa')).toEqual(['BB', 'Aa'])
  })
})

describe('javaValueText(value, kind, big)', () => {
  it.each<[number, number, bigint | undefined, string]>([
    [1, 0, undefined, '[1]/0'],
    [-1, 0, undefined, '[-1]/0'],
    [300, 0, undefined, '[1, 44]/1'],
    [-32769, 0, undefined, '[-1, -1, 127, -1]/3'],
    [2 ** 31, 0, undefined, '[0, 0, 0, 0, -128, 0, 0, 0]/7'],
    [2 ** 63, KIND_BIG, 2n ** 63n - 1n, '[127, -1, -1, -1, -1, -1, -1, -1]/7'],
    [4.25, KIND_FLOAT, undefined, '[64, -120, 0, 0]/11'],
    [0.1, KIND_FLOAT, undefined, '[63, -71, -103, -103, -103, -103, -103, -102]/15'],
  ])('writes %d of kind %d as its bytes and flags', (value, kind, big, text) => {
    expect(javaValueText(value, kind, big)).toBe(text)
  })
})
