import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeFloat,
  decodeInteger,
  encodeFloat,
  encodeInteger,
  floatLength,
  integerLength,
  withoutFloatPadding,
} from '../../../lib/codec/cell-value.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

describe('encodeInteger(value), decodeInteger(bytes)', () => {
  it.each([
    [0n, '00'],
    [1n, '01'],
    [-1n, 'ff'],
    [127n, '7f'],
    [-128n, '80'],
    [128n, '0080'],
    [-129n, 'ff7f'],
    [32_767n, '7fff'],
    [-32_768n, '8000'],
    [32_768n, '00008000'],
    [2_147_483_647n, '7fffffff'],
    [-2_147_483_648n, '80000000'],
    [2_147_483_648n, '0000000080000000'],
    [-2_147_483_649n, 'ffffffff7fffffff'],
    [9_007_199_254_740_993n, '0020000000000001'],
    [9_223_372_036_854_775_807n, '7fffffffffffffff'],
    [-9_223_372_036_854_775_808n, '8000000000000000'],
  ])('hold %d in the fewest bytes', (value, hex) => {
    expect(toHex(encodeInteger(value))).toBe(hex)
    expect(decodeInteger(fromHex(hex))).toBe(value)
    const near = Number(value)
    if (Number.isSafeInteger(near)) expect(integerLength(near)).toBe(hex.length / 2)
  })

  it('are mirrors for any 64-bit integer', () => {
    const value = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.integer().map(BigInt))
    fc.assert(
      fc.property(value, (each) => {
        expect(decodeInteger(encodeInteger(each))).toBe(each)
      }),
    )
  })

  it('refuse what 64 bits do not hold and lengths that integers do not have', () => {
    expect(() => encodeInteger(2n ** 63n)).toThrow(RangeError)
    expect(() => encodeInteger(-(2n ** 63n) - 1n)).toThrow(RangeError)
    for (const hex of ['', '000000', '0000000000', '000000000000000000']) {
      expect(() => decodeInteger(fromHex(hex))).toThrow(CorruptDataError)
    }
  })
})

describe('encodeFloat(value), decodeFloat(bytes)', () => {
  it.each([
    [0, '00000000'],
    [-0, '80000000'],
    [1, '3f800000'],
    [42.5, '422a0000'],
    [-1.5, 'bfc00000'],
    [2 ** -149, '00000001'],
    [Number.POSITIVE_INFINITY, '7f800000'],
    [0.1, '3fb999999999999a'],
    [4.2, '4010cccccccccccd'],
    [2 ** 24 + 1, '4170000010000000'],
    [Number.MAX_VALUE, '7fefffffffffffff'],
    [Number.MIN_VALUE, '0000000000000001'],
  ])('hold %d in the fewest bytes', (value, hex) => {
    expect(toHex(encodeFloat(value))).toBe(hex)
    expect(floatLength(value)).toBe(hex.length / 2)
    expect(decodeFloat(fromHex(hex))).toBe(value)
  })

  it('are mirrors for any double, bit for bit', () => {
    const value = fc.oneof(fc.double(), fc.float())
    fc.assert(
      fc.property(value, (each) => {
        expect(Object.is(decodeFloat(encodeFloat(each)), each)).toBe(true)
      }),
    )
  })

  it('refuse lengths that floats do not have', () => {
    for (const hex of ['', '00', '0000', '000000000000']) {
      expect(() => decodeFloat(fromHex(hex))).toThrow(CorruptDataError)
    }
  })
})

describe('withoutFloatPadding(bytes, length)', () => {
  it("takes 1.x's four zero bytes away", () => {
    expect(toHex(withoutFloatPadding(fromHex('00000000 422a0000'), 4))).toBe('422a0000')
  })

  it('leaves floats alone that are as long as their qualifier says', () => {
    expect(toHex(withoutFloatPadding(fromHex('422a0000'), 4))).toBe('422a0000')
    expect(toHex(withoutFloatPadding(fromHex('00000000 422a0000'), 8))).toBe('00000000422a0000')
  })

  it('refuses a padding that is not zero', () => {
    expect(() => withoutFloatPadding(fromHex('00000001 422a0000'), 4)).toThrow(CorruptDataError)
  })
})
