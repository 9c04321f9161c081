import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BadQualifierError } from '../../../lib/codec/errors.ts'
import {
  type ColumnKind,
  classifyQualifier,
  countQualifiers,
  decodeQualifier,
  encodeQualifier,
  type Qualifier,
} from '../../../lib/codec/qualifier.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

function encodes(what: string, qualifier: Qualifier, hex: string): void {
  it(`writes and reads ${what}`, () => {
    expect(toHex(encodeQualifier(qualifier))).toBe(hex)
    expect(decodeQualifier(fromHex(hex))).toEqual(qualifier)
  })
}

function rejects(what: string, hex: string): void {
  it(`refuses ${what}`, () => {
    expect(() => decodeQualifier(fromHex(hex))).toThrow(BadQualifierError)
    expect(() => decodeQualifier(fromHex(hex))).toThrow(CorruptDataError)
  })
}

function classifies(what: string, hex: string, kind: ColumnKind): void {
  it(`knows ${what}`, () => {
    expect(classifyQualifier(fromHex(hex))).toEqual(kind)
  })
}

const anyQualifier: fc.Arbitrary<Qualifier> = fc
  .record({
    unit: fc.constantFrom('s' as const, 'ms' as const),
    shape: fc.constantFrom(['int', 1], ['int', 2], ['int', 4], ['int', 8], ['float', 4], ['float', 8]),
    offset: fc.nat(3_599_999),
  })
  .map(({ unit, shape: [kind, length], offset }) => ({
    unit,
    offset: unit === 's' ? Math.floor(offset / 1000) : offset,
    kind: kind === 'int' ? 'int' : 'float',
    length: Number(length),
  }))

describe('encodeQualifier(qualifier), decodeQualifier(bytes)', () => {
  encodes('second 300, an integer of 1 byte', { offset: 300, unit: 's', kind: 'int', length: 1 }, '12c0')
  encodes('second 300, an integer of 2 bytes', { offset: 300, unit: 's', kind: 'int', length: 2 }, '12c1')
  encodes('second 300, an integer of 4 bytes', { offset: 300, unit: 's', kind: 'int', length: 4 }, '12c3')
  encodes('second 300, an integer of 8 bytes', { offset: 300, unit: 's', kind: 'int', length: 8 }, '12c7')
  encodes('second 300, a float of 4 bytes', { offset: 300, unit: 's', kind: 'float', length: 4 }, '12cb')
  encodes('second 300, a float of 8 bytes', { offset: 300, unit: 's', kind: 'float', length: 8 }, '12cf')
  encodes('the first second', { offset: 0, unit: 's', kind: 'int', length: 1 }, '0000')
  encodes('the last second', { offset: 3599, unit: 's', kind: 'float', length: 8 }, 'e0ff')
  encodes('the first millisecond', { offset: 0, unit: 'ms', kind: 'int', length: 1 }, 'f0000000')
  encodes('millisecond 500', { offset: 500, unit: 'ms', kind: 'int', length: 1 }, 'f0007d00')
  encodes(
    'millisecond 300,000, a float of 4 bytes',
    { offset: 300_000, unit: 'ms', kind: 'float', length: 4 },
    'f124f80b',
  )
  encodes('the last millisecond', { offset: 3_599_999, unit: 'ms', kind: 'float', length: 8 }, 'fdbb9fcf')

  it('are mirrors for any qualifier', () => {
    fc.assert(
      fc.property(anyQualifier, (qualifier) => {
        expect(decodeQualifier(encodeQualifier(qualifier))).toEqual(qualifier)
      }),
    )
  })

  it('read any bytes either as what they are written as, or not at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 4 }), (bytes) => {
        try {
          expect(toHex(encodeQualifier(decodeQualifier(bytes)))).toBe(toHex(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(BadQualifierError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  rejects('no bytes', '')
  rejects('1 byte', '12')
  rejects('a 3-byte qualifier', '12c000')
  rejects('two qualifiers', '12c012d0')
  rejects('a millisecond qualifier cut after 2 bytes', 'f000')
  rejects('the 3600th second', 'e100')
  rejects('the 3,600,000th millisecond', 'fdbba000')
  rejects('reserved bits', 'f0000010')
  rejects('an integer of 3 bytes', '12c2')
  rejects('a float of 2 bytes', '12c9')
  rejects('a float of 2 bytes in milliseconds', 'f0000009')

  it.each([
    ['the 3600th second', { offset: 3600, unit: 's', kind: 'int', length: 1 }],
    ['half a second', { offset: 0.5, unit: 's', kind: 'int', length: 1 }],
    ['a time before the hour', { offset: -1, unit: 'ms', kind: 'int', length: 1 }],
    ['the 3,600,000th millisecond', { offset: 3_600_000, unit: 'ms', kind: 'int', length: 1 }],
    ['an integer of 3 bytes', { offset: 0, unit: 's', kind: 'int', length: 3 }],
    ['an integer of no bytes', { offset: 0, unit: 's', kind: 'int', length: 0 }],
    ['a float of 1 byte', { offset: 0, unit: 's', kind: 'float', length: 1 }],
  ] as const)('refuse to write %s', (_, qualifier) => {
    expect(() => encodeQualifier(qualifier)).toThrow(RangeError)
  })
})

describe('classifyQualifier(bytes)', () => {
  const point: Qualifier = { offset: 300, unit: 's', kind: 'int', length: 1 }
  classifies('a point in seconds', '12c0', { column: 'point', qualifier: point })
  classifies('a point in seconds that looks like an annotation', '0130', {
    column: 'point',
    qualifier: { offset: 19, unit: 's', kind: 'int', length: 1 },
  })
  classifies('a point in milliseconds', 'f0007d00', {
    column: 'point',
    qualifier: { offset: 500, unit: 'ms', kind: 'int', length: 1 },
  })
  classifies('two points in seconds', '12c012d0', { column: 'compacted', count: 2 })
  classifies('two points in milliseconds', 'f0000000f0007d00', { column: 'compacted', count: 2 })
  classifies('three mixed points', '0000f0007d0012c0', { column: 'compacted', count: 3 })
  classifies('an annotation at a second', '01012c', { column: 'annotation', offset: 300, unit: 's' })
  classifies('an annotation at a millisecond', '01000493e1', { column: 'annotation', offset: 300_001, unit: 'ms' })
  classifies('a histogram at a second', '06012c', { column: 'histogram', offset: 300, unit: 's' })
  classifies('a histogram at a millisecond', '06000493e1', { column: 'histogram', offset: 300_001, unit: 'ms' })
  classifies('points appended as they came', '050000', { column: 'appended' })

  it.each([
    ['no bytes', ''],
    ['a first byte that nothing starts with', '02012c'],
    ['an annotation of 7 bytes', '01000000000000'],
    ['an annotation beyond the hour', '010e10'],
    ['an annotation 3,600,000 ms after the hour began', '010036ee80'],
    ['a byte alone', '01'],
    ['appended points at an offset', '050001'],
    ['a compacted column whose last qualifier is cut', '0000f000'],
    ['a float of 2 bytes', '12c9'],
  ])('refuses %s', (_, hex) => {
    expect(() => classifyQualifier(fromHex(hex))).toThrow(BadQualifierError)
  })
})

describe('countQualifiers(bytes)', () => {
  it('counts qualifiers of either length', () => {
    expect(countQualifiers(fromHex('0000 f0007d00 12c0 fdbb9fcf'))).toBe(4)
    expect(countQualifiers(fromHex(''))).toBe(0)
  })
})
