import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bitLength,
  CONTEXT_LENGTH,
  CONTEXT_NONE,
  CONTEXT_ZEROS,
  decodeAdaptive,
  encodeAdaptive,
  lengthBitsOf,
  MAX_ADAPTIVE,
  MAX_MISSING_BYTES,
} from '../../../../lib/codec/chunk/adaptive.ts'
import { fromHex, toHex } from '../../../helpers/hex.ts'

const CONTEXTS = [CONTEXT_NONE, CONTEXT_ZEROS, CONTEXT_LENGTH]

const encode = (context: number, numbers: Float64Array) => encodeAdaptive(numbers, context, lengthBitsOf(numbers))

/** Codes to this hex without contexts, and back. */
function encodes(name: string, list: readonly number[], hex: string) {
  it(`${name}: ${hex}`, () => {
    const numbers = Float64Array.from(list)
    expect(toHex(encode(CONTEXT_NONE, numbers))).toBe(hex)
    const decoded = new Float64Array(list.length)
    expect(decodeAdaptive(fromHex(hex), CONTEXT_NONE, lengthBitsOf(numbers), decoded)).toBeLessThanOrEqual(
      MAX_MISSING_BYTES,
    )
    expect([...decoded]).toEqual(list)
  })
}

describe('encodeAdaptive(numbers, context, lengthBits)', () => {
  encodes('nothing', [], '')
  encodes('zeros', [0, 0, 0], '')
  encodes('one', [1], '40')
  encodes('small numbers', [-1, 2, -3], '46ac')
  encodes('larger numbers', [1000, -1000], '65e8b669')
  encodes('the greatest numbers', [MAX_ADAPTIVE, -MAX_ADAPTIVE], '747ff7fffffffffe3dd8f9ffffffae')

  it('is undone by decodeAdaptive for any numbers in any context', () => {
    const size = fc.constantFrom(0, 1, 3, 200, 40_000, 2 ** 31, 2 ** 33, MAX_ADAPTIVE)
    const numbers = fc.array(
      size.chain((max) => fc.maxSafeInteger().map((n) => (n % (max + 1)) + 0)),
      { maxLength: 500, size: 'max' },
    )
    fc.assert(
      fc.property(numbers, fc.constantFrom(...CONTEXTS), (list, context) => {
        const coded = Float64Array.from(list)
        const decoded = new Float64Array(list.length)
        const missing = decodeAdaptive(encode(context, coded), context, lengthBitsOf(coded), decoded)
        expect(missing).toBeLessThanOrEqual(MAX_MISSING_BYTES)
        expect(decoded).toEqual(coded)
      }),
      { numRuns: 200 },
    )
  })

  it('learns what comes often: an hour of zeros takes no byte, one bit in a hundred about a tenth of a bit', () => {
    expect(encode(CONTEXT_NONE, new Float64Array(3600))).toHaveLength(0)
    const seldom = Float64Array.from({ length: 10_000 }, (_, i) => (i % 100 === 99 ? 1 : 0))
    expect(encode(CONTEXT_NONE, seldom).length).toBeLessThan(160)
  })

  it('gains from contexts where a number follows from the one before', () => {
    const bursts = Float64Array.from({ length: 4000 }, (_, i) => (i % 40 < 20 ? 0 : 1 + ((i * 7) % 100)))
    const [none, zeros, lengths] = CONTEXTS.map((context) => encode(context, bursts).length) as [number, number, number]
    expect(zeros).toBeLessThan(none)
    expect(lengths).toBeLessThan(none)
  })

  it('carries into bytes that are written already', () => {
    // Ones where zeros have become near certain narrow the range to its upper end again and again.
    for (let length = 1; length < 200; length++) {
      const numbers = Float64Array.from({ length }, (_, i) =>
        i % 31 === 30 ? -MAX_ADAPTIVE + i : i % 7 === 0 ? 65_535 : 0,
      )
      const decoded = new Float64Array(length)
      decodeAdaptive(encode(CONTEXT_ZEROS, numbers), CONTEXT_ZEROS, lengthBitsOf(numbers), decoded)
      expect(decoded).toEqual(numbers)
    }
  })
})

describe('decodeAdaptive(bytes, context, lengthBits, numbers)', () => {
  it('makes numbers of a magnitude up to MAX_ADAPTIVE of any bytes, and counts those that are missing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...CONTEXTS), (bytes, context) => {
        const numbers = new Float64Array(30)
        expect(decodeAdaptive(bytes, context, 6, numbers)).toBeGreaterThanOrEqual(0)
        for (const number of numbers) expect(Number.isSafeInteger(number)).toBe(true)
      }),
      { examples: [[Uint8Array.of(211, 96, 0, 43, 249), CONTEXT_NONE]] },
    )
    const numbers = Float64Array.from({ length: 100 }, (_, i) => i * 1000)
    const half = encode(CONTEXT_NONE, numbers).subarray(0, 20)
    expect(decodeAdaptive(half, CONTEXT_NONE, lengthBitsOf(numbers), numbers)).toBeGreaterThan(MAX_MISSING_BYTES)
  })
})

describe('lengthBitsOf(numbers)', () => {
  it('is what the greatest bit length less 1 takes, at least 3', () => {
    const bits = (...numbers: number[]) => lengthBitsOf(Float64Array.from(numbers))
    expect([bits(), bits(0), bits(255), bits(256), bits(-65_535, 1), bits(65_536), bits(2 ** 32)]).toEqual([
      3, 3, 3, 4, 4, 5, 6,
    ])
  })
})

describe('bitLength(magnitude)', () => {
  it('counts the bits of whole numbers up to 2^53 - 1', () => {
    expect([0, 1, 2, 3, 4, 2 ** 31, 2 ** 32 - 1, 2 ** 32, MAX_ADAPTIVE].map(bitLength)).toEqual([
      0, 1, 2, 2, 3, 32, 32, 33, 53,
    ])
  })
})
