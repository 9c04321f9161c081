import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeClasses, encodeClasses, GAMMA, TABLE } from '../../../../lib/codec/chunk/classes.ts'
import { fromHex, toHex } from '../../../helpers/hex.ts'

/** What is read back; undefined where it is refused. */
function decode(bytes: Uint8Array, form: number, count: number): number[] | undefined {
  const numbers = new Float64Array(count + 1)
  return decodeClasses(bytes, form, numbers) ? [...numbers.subarray(1)] : undefined
}

const MOST = 2 ** 52 - 1

describe('encodeClasses(numbers)', () => {
  const coded = (...numbers: number[]) => {
    const { form, bytes } = encodeClasses(Float64Array.from(numbers))
    expect(decode(bytes, form, numbers.length)).toEqual(numbers)
    return `${form} ${toHex(bytes)}`
  }

  it('writes few numbers as gamma codes', () => {
    // low 000001, then zigzag 0, 4 and 3 plus 2: 10, 0110 and 0101
    expect(coded(0, 2, -2)).toBe(`${GAMMA} 0665`)
  })

  it('writes nothing but the class where all numbers are in one of up to one bit', () => {
    // class 0, one class
    expect(coded(...new Array(100).fill(0))).toBe(`${TABLE} 0000`)
  })

  it('leaves out the code, but not the bits, of a class that is alone', () => {
    // class 53, one class, then the 52 bits below the highest
    expect(coded(MOST)).toBe(`${TABLE} d40ffffffffffffe`)
  })

  it('gives frequent classes short codes', () => {
    const rare = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 900, 0, 0, 0]
    const numbers = Array.from({ length: 320 }, (_, i) => rare[i % 16]!)
    const { form, bytes } = encodeClasses(Float64Array.from(numbers))
    expect(form).toBe(TABLE)
    expect(bytes.length).toBeLessThan(320 / 8 + 20 * 2)
    expect(decode(bytes, form, 320)).toEqual(numbers)
  })

  it('cuts codes to 7 bits where Huffman would take more', () => {
    const numbers = Array.from({ length: 13 }, (_, i) => new Array<number>(2 ** i).fill(2 ** i)).flat()
    const { form, bytes } = encodeClasses(Float64Array.from(numbers))
    expect(form).toBe(TABLE)
    expect(decode(bytes, form, numbers.length)).toEqual(numbers)
  })

  it('is undone by decodeClasses for any numbers', () => {
    const number = fc.oneof(
      fc.integer({ min: -MOST, max: MOST }),
      fc.integer({ min: -9, max: 9 }),
      fc.constantFrom(0, MOST, -MOST),
    )
    const numbers = fc.oneof(
      fc.array(number, { minLength: 1, maxLength: 80 }),
      fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 200 }),
      fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 2 ** 30, max: 2 ** 33 })), { minLength: 1, maxLength: 80 }),
    )
    fc.assert(
      fc.property(numbers, (list) => {
        const { form, bytes } = encodeClasses(Float64Array.from(list))
        expect(decode(bytes, form, list.length)).toEqual(list.map((one) => one + 0))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('decodeClasses(bytes, form, numbers)', () => {
  it.each([
    ['no bytes', TABLE, '', 1],
    ['a table of no codes', TABLE, '000400', 2],
    ['codes that leave some unused', TABLE, '001280', 2],
    ['more codes than there can be', TABLE, '002248', 2],
    ['classes behind the last', TABLE, 'd7f0', 2],
    ['numbers that are missing', TABLE, 'd40ffffffffffffe', 2],
    ['a byte too many', GAMMA, '066500', 3],
    ['a gamma code without an end', GAMMA, '0000000000000000', 2],
    ['gamma codes of too many bits', GAMMA, 'fc00000000000000', 1],
    ['gamma codes that are missing', GAMMA, '0665', 9],
  ])('refuses %s', (_, form, hex, count) => {
    expect(decode(fromHex(hex), form, count)).toBeUndefined()
  })

  it('refuses any cut, and takes any bytes without harm', () => {
    const numbers = Float64Array.from({ length: 50 }, (_, i) => (i * i * 7919) % 1000)
    const { form, bytes } = encodeClasses(numbers)
    for (let length = 0; length < bytes.length; length++) {
      expect(decode(bytes.subarray(0, length), form, 50)).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(TABLE, GAMMA), fc.nat(100), (any, kind, count) => {
        for (const number of decode(any, kind, count) ?? []) expect(number).not.toBeNaN()
      }),
      { numRuns: 1000 },
    )
  })
})
