import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeChunk, encodeChunk, MAX_CHUNK_POINTS } from '../../../../lib/codec/chunk/index.ts'
import { CorruptDataError } from '../../../../lib/model/errors.ts'
import { KIND_FLOAT, type PointColumns } from '../../../../lib/model/points.ts'
import { documentedBytes } from '../../../helpers/docs.ts'
import { fromHex, toHex } from '../../../helpers/hex.ts'
import { anyRow, HOUR_S, plainRow, type RowPoint, rowOf } from '../../../helpers/rows.ts'

/** Encodes to this hex, and back. */
function encodes(name: string, points: readonly RowPoint[], hex: string) {
  it(`${name}: ${hex}`, () => {
    const row = rowOf(...points)
    const bytes = encodeChunk(row, HOUR_S)
    expect(toHex(bytes)).toBe(hex.replaceAll(' ', ''))
    expect(plainRow(decodeChunk(bytes, HOUR_S))).toEqual(plainRow(row))
  })
}

/** Is refused with this message. */
function rejects(name: string, hex: string, message: RegExp) {
  it(`${name}: ${hex}`, () => {
    const decode = () => decodeChunk(fromHex(hex), HOUR_S)
    expect(decode).toThrow(CorruptDataError)
    expect(decode).toThrow(message)
  })
}

/** Points a second apart. */
const every1s = (count: number, value: (i: number) => number | bigint): PointColumns =>
  rowOf(...Array.from({ length: count }, (_, i): RowPoint => [i * 1000, value(i)]))

const backAndForth = (row: PointColumns) => decodeChunk(encodeChunk(row, HOUR_S), HOUR_S)

describe('encodeChunk(points, baseTimeS)', () => {
  encodes('no points', [], '00 00')
  encodes('one integer', [[0, 42n]], '40 01 00 54')
  encodes('one integer at 1 ms', [[1, 42n, true]], '20 01 02 02 54')
  encodes(
    'the same integer',
    [
      [0, 0n],
      [10_000, 0n],
      [20_000, 0n],
    ],
    '40 03 0014 00',
  )
  encodes(
    'integers that keep a step',
    [
      [0, 5n],
      [10_000, 8n],
      [20_000, 11n],
    ],
    '41 03 0014 0a06',
  )
  encodes(
    'the same decimal',
    [
      [0, 42.5],
      [10_000, 42.5],
    ],
    '58 02 0014 01d206',
  )
  encodes(
    'integers that vary',
    [
      [0, 100n],
      [10_000, 104n],
      [20_000, 104n],
      [30_000, 112n],
    ],
    '42 04 0014 c801 7c0402 02a0',
  )
  encodes(
    'decimals that vary',
    [
      [0, 42.5],
      [10_000, 42.25],
      [20_000, 43],
    ],
    '5a 03 0014 02b442 7c1902 0090',
  )
  encodes(
    'a gap',
    [
      [0, 1n],
      [10_000, 1n],
      [30_000, 1n],
      [40_000, 1n],
    ],
    'c0 04 0005 7d0a02 02e0 02',
  )
  encodes(
    'integers, doubles, seconds and milliseconds',
    [
      [0, 1n],
      [10_000, 1.5],
      [20_500, 2n, true],
    ],
    'b9 03 0006 7df4032a 0140 0000 0100 0200 01140a',
  )
  encodes('a double of many digits', [[0, Math.PI]], '54 01 00 182d4454fb210940')
  encodes(
    '64-bit integers',
    [
      [0, 2n ** 63n - 1n],
      [10_000, 2n ** 63n - 3n],
      [20_000, 2n ** 63n - 2n],
    ],
    '62 03 0014 04 7fffffffffffffff 6d02 00d0',
  )

  it('writes the documented example', () => {
    const row = rowOf([0, 42.5], [10_000, 42.25], [20_000, 43])
    expect(toHex(encodeChunk(row, HOUR_S))).toBe(toHex(documentedBytes('format/chunk.md', 'a chunk')))
  })

  it('is undone by decodeChunk for any row, bit for bit', () => {
    fc.assert(
      fc.property(anyRow, (row) => {
        expect(plainRow(backAndForth(row))).toEqual(plainRow(row))
      }),
      { numRuns: 300 },
    )
  })

  it('keeps minus zero, the least double and what no decimal can be', () => {
    const row = rowOf([0, -0], [1000, 0], [2000, 5e-324], [3000, 0.1 + 0.2], [4000, Number.POSITIVE_INFINITY])
    expect(plainRow(backAndForth(row))).toEqual(plainRow(row))
    expect(backAndForth(rowOf([0, Number.NaN], [1000, 1])).values[0]).toBeNaN()
  })

  it('takes no more of longer arrays than the count says', () => {
    const row = { ...rowOf([0, 1n], [1000, 2n], [2000, 2n ** 60n]), count: 2 }
    const decoded = backAndForth({ ...row, kinds: row.kinds.map((kind, i) => (i < 2 ? kind : 7)) })
    expect(plainRow(decoded)).toEqual(plainRow(row))
    expect(decoded.times).toHaveLength(2)
  })

  it('keeps a constant hour of seconds in a few bytes and a steady counter in one more', () => {
    expect(
      encodeChunk(
        every1s(3600, () => 1_000_000n),
        HOUR_S,
      ),
    ).toHaveLength(8)
    expect(
      encodeChunk(
        every1s(3600, (i) => BigInt(i * 7)),
        HOUR_S,
      ),
    ).toHaveLength(7)
  })

  it('finds stretches that come again, doubles of like bits and far integers, each shorter than as they are', () => {
    const digits = [3, 141, 59, 26_535, 8979, 32_384, 626, 433_832, 795, 2]
    const again = every1s(1000, (i) => BigInt(digits[i % digits.length]!))
    const doubles = every1s(100, (i) => 1 + (Math.imul(i * i, 2_654_435_761) >>> 24) / 2 ** 20)
    const thirds = every1s(100, (i) => Math.PI + i / 3)
    const far = every1s(100, (i) => BigInt(i % 2) * 2n ** 62n + BigInt(i))
    for (const [row, codec, most] of [
      [again, 3, 100],
      [doubles, 5, 200],
      [far, 5, 500],
      [thirds, 6, 600],
    ] as const) {
      const bytes = encodeChunk(row, HOUR_S)
      expect(bytes[0]! & 7).toBe(codec)
      expect(bytes.length).toBeLessThan(most)
      expect(plainRow(decodeChunk(bytes, HOUR_S))).toEqual(plainRow(row))
    }
  })

  it('refuses points out of order, unknown kinds and too many points', () => {
    expect(() => encodeChunk(rowOf([1000, 1n], [0, 1n]), HOUR_S)).toThrow(RangeError)
    expect(() => encodeChunk(rowOf([1000, 1n], [1000, 1n]), HOUR_S)).toThrow(RangeError)
    expect(() => encodeChunk({ ...rowOf([0, 1n]), kinds: Uint8Array.of(16) }, HOUR_S)).toThrow(RangeError)
    expect(() => encodeChunk({ ...rowOf(), count: MAX_CHUNK_POINTS + 1 }, HOUR_S)).toThrow(RangeError)
  })
})

describe('decodeChunk(bytes, baseTimeS)', () => {
  rejects('no bytes', '', /1 bytes wanted/)
  rejects('too many points', '40818080018000', /2097281|points|wanted/)
  rejects('a codec of values that is not there', '47010000', /values of the codec 7/)
  rejects('doubles with a scale', '5c0100182d4454fb210940', /values of the codec 12/)
  rejects('a scale above 9', '5802001 40ad206', /the scale 10/)
  rejects('times that stand still', '4003000000', /do not ascend/)
  rejects('a kind that is not there', '6001000954', /unknown kind 9/)
  rejects('a double that is a big integer', '6001000554', /unknown kind 5/)
  rejects('a run of more points than are left', '70020002000500', /a run of 6 points/)
  rejects('a model that is not there', '42040014c8010336', /unknown model 3/)
  rejects('varints that end early', '4303001400 00 0300', /varints/)
  rejects('bytes that do not inflate', '4303001400 00 ff', /chunk/)
  rejects('missing bytes of a double', '540100182d4454', /4 bytes for 1 words/)
  rejects('bytes behind the end', '40010054ff', /1 bytes more/)

  it('throws nothing but CorruptDataError for damaged bytes', () => {
    const damage = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(anyRow, fc.array(damage, { minLength: 1, maxLength: 3 }), fc.nat(), (row, damages, cut) => {
        const bytes = encodeChunk(row, HOUR_S)
        for (const [at, flip] of damages) {
          // The count may be damaged too, but time is better spent on what a large count does not refuse at once.
          const index = at % bytes.length
          bytes[index]! ^= index === 2 || index === 3 ? flip & 1 : flip
        }
        decodesOrRefuses(bytes)
        decodesOrRefuses(bytes.subarray(0, cut % bytes.length))
      }),
      { numRuns: 300 },
    )
  })

  it('throws nothing but CorruptDataError for any bytes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.nat(40),
        fc.uint8Array({ maxLength: 60 }),
        (codecs, count, rest) => {
          decodesOrRefuses(Uint8Array.of(codecs, count, ...rest))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('allocates no more than the greatest chunk, whatever the bytes say', () => {
    const most = encodeChunk(
      {
        count: 2,
        times: Float64Array.of(HOUR_S * 1000, HOUR_S * 1000 + 1),
        values: new Float64Array(2),
        kinds: new Uint8Array(2).fill(KIND_FLOAT),
        bigs: new Map(),
      },
      HOUR_S,
    )
    expect(toHex(most)).toBe('10020002 00'.replace(' ', ''))
    rejectsCount(2 ** 40)
    rejectsCount(MAX_CHUNK_POINTS + 1)
  })
})

function rejectsCount(count: number) {
  const varint: number[] = []
  let rest = count
  for (; rest >= 128; rest = Math.floor(rest / 128)) varint.push((rest % 128) | 128)
  expect(() => decodeChunk(Uint8Array.of(0x10, ...varint, rest, 0, 2, 0), HOUR_S)).toThrow(
    new RegExp(`${count} points`),
  )
}

function decodesOrRefuses(bytes: Uint8Array) {
  try {
    decodeChunk(bytes, HOUR_S)
  } catch (error) {
    expect(error).toBeInstanceOf(CorruptDataError)
  }
}
