import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeWords, encodeWords, RAW } from '../../../../lib/codec/chunk/words.ts'
import { toHex } from '../../../helpers/hex.ts'

describe('encodeWords(words)', () => {
  it('keeps words as they are, little-endian, where nothing else is shorter', () => {
    const { codec, bytes } = encodeWords(Uint32Array.of(0x04030201, 0x08070605))
    expect([codec, toHex(bytes)]).toEqual([RAW, '0102030405060708'])
  })

  it('is undone by decodeWords for any words', () => {
    const half = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(2 ** 31, 2 ** 32 - 1))
    const near = fc.constantFrom(0, 0x40000000, 2 ** 31, 2 ** 32 - 1)
    const words = fc.oneof(
      fc.array(fc.tuple(half, half), { maxLength: 40 }),
      fc
        .tuple(near, fc.array(half, { minLength: 20, maxLength: 60 }))
        .map(([high, lows]) => lows.map((low) => [low, high] as const)),
    )
    fc.assert(
      fc.property(words, (list) => {
        const halves = Uint32Array.from(list.flat())
        const { codec, bytes } = encodeWords(halves)
        const decoded = new Uint32Array(halves.length)
        decodeWords(codec, bytes, decoded)
        expect(decoded).toEqual(halves)
        expect(bytes.length).toBeLessThanOrEqual(halves.byteLength)
      }),
    )
  })
})
