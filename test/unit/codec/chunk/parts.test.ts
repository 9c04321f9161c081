import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../../lib/codec/bytes.ts'
import { encodeKinds, readKinds } from '../../../../lib/codec/chunk/kinds.ts'
import { fromResiduals, predictionsOf, toResiduals } from '../../../../lib/codec/chunk/residuals.ts'
import { encodeTimes, readTimes } from '../../../../lib/codec/chunk/times.ts'
import { decodeWords, encodeWords, RAW } from '../../../../lib/codec/chunk/words.ts'
import { toHex } from '../../../helpers/hex.ts'
import { HOUR_S } from '../../../helpers/rows.ts'

describe('encodeKinds(kinds)', () => {
  const kinds = (...list: number[]) => {
    const { codec, bytes } = encodeKinds(Uint8Array.from(list))
    expect([...readKinds(new ByteReader(bytes, 'test'), codec, list.length)]).toEqual(list)
    return `${codec} ${toHex(bytes)}`
  }

  it('writes nothing for integers and for doubles, one byte for another kind, else runs', () => {
    expect(kinds(0, 0)).toBe('0 ')
    expect(kinds(1, 1, 1)).toBe('1 ')
    expect(kinds(3, 3)).toBe('2 03')
    expect(kinds(0, 0, 1, 4)).toBe('3 000101000400')
  })
})

describe('encodeTimes(times, baseTimeS)', () => {
  const times = (...offsetsMs: number[]) => {
    const list = offsetsMs.map((offset) => HOUR_S * 1000 + offset)
    const { codec, bytes } = encodeTimes(Float64Array.from(list), HOUR_S)
    expect([...readTimes(new ByteReader(bytes, 'test'), codec, list.length, HOUR_S)]).toEqual(list)
    return `${codec} ${toHex(bytes)}`
  }

  it('writes the first and the step, in seconds where all are', () => {
    expect(times(5000)).toBe('1 0a')
    expect(times(0, 1000, 2000)).toBe('1 0002')
    expect(times(7, 257, 507)).toBe('0 0ef403')
    expect(times(-1000, 0)).toBe('1 0102')
  })

  it('writes what departs from the step where there are gaps', () => {
    expect(times(0, 1000, 2000, 10_000, 11_000, 12_000)).toBe('3 000421023194')
  })

  it('costs a gap in an hour of seconds a few bytes, a jitter of some ms less than a byte a point', () => {
    const gap = Array.from({ length: 3000 }, (_, i) => (i < 1234 ? i : i + 17) * 1000)
    expect(encodeTimes(Float64Array.from(gap), 0).bytes.length).toBeLessThan(15)
    const jitter = Array.from({ length: 360 }, (_, i) => i * 10_000 + ((i * 7919) % 21))
    expect(encodeTimes(Float64Array.from(jitter), 0).bytes.length).toBeLessThan(360)
  })
})

describe('toResiduals(numbers, prediction)', () => {
  const residuals = (order: number, slope: number, ...numbers: number[]) => [
    ...toResiduals(Float64Array.from(numbers), { order, slope }),
  ]

  it('foretells from a line, from the number before, and from the two before', () => {
    expect(residuals(0, 0, 0, 5, 3)).toEqual([5, 3])
    expect(residuals(0, 10, 0, 11, 19)).toEqual([1, -1])
    expect(residuals(1, 0, 0, 5, 3)).toEqual([5, -2])
    expect(residuals(1, 4, 0, 5, 9)).toEqual([1, 0])
    expect(residuals(2, 4, 0, 5, 11)).toEqual([1, 1])
  })

  it('is undone by fromResiduals for every prediction tried', () => {
    const numbers = fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(numbers, (list) => {
        const row = Float64Array.of(0, ...list)
        for (const prediction of predictionsOf(row)) {
          const back = Float64Array.of(Number.NaN, ...toResiduals(row, prediction))
          fromResiduals(back, prediction)
          expect(back.map((n) => n + 0)).toEqual(row)
        }
      }),
    )
  })
})

describe('predictionsOf(numbers)', () => {
  const first = (length: number, number: (i: number) => number) =>
    predictionsOf(Float64Array.from({ length }, (_, i) => (i === 0 ? 0 : number(i))))[0]

  it('puts the one that leaves the least over first', () => {
    expect(first(100, (i) => (i % 2) * 100)).toEqual({ order: 0, slope: 0 })
    expect(first(101, (i) => i * 1000 + (i % 2) * 100)).toEqual({ order: 0, slope: 1000 })
    expect(first(100, (i) => i * i * 50)).toMatchObject({ order: 2 })
    expect(first(100, (i) => i * 1000 + Math.floor(i / 50) * 5e6)).toEqual({ order: 1, slope: 1000 })
  })
})

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
