import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellsLength, decodeCells, decodeColumn, encodeCells, encodeColumn } from '../../../lib/codec/cells.ts'
import { BadQualifierError } from '../../../lib/codec/errors.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { KIND_BIG, KIND_FLOAT, KIND_MS, PointColumnsBuilder } from '../../../lib/model/points.ts'
import { documentedBytes } from '../../helpers/docs.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'
import { anyHourPoints, firstDifference, type HourPoint, hourPoints, plainPoints } from '../../helpers/points.ts'

const HOUR = 1_356_998_400

/** The points of the worked example in docs/format/cells.md. */
const EXAMPLE: readonly HourPoint[] = [
  { offsetMs: 0, value: 42n },
  { offsetMs: 500, value: 42.5, ms: true },
  { offsetMs: 300_000, value: 4.2 },
  { offsetMs: 300_001, value: -300n, ms: true },
  { offsetMs: 3_599_000, value: 9_223_372_036_854_775_807n },
]

function encodes(what: string, points: readonly HourPoint[], qualifier: string, value: string): void {
  it(`write and read ${what}`, () => {
    const columns = hourPoints(HOUR, points)
    const column = encodeColumn(columns, HOUR)
    expect(toHex(column.qualifier)).toBe(toHex(fromHex(qualifier)))
    expect(toHex(column.value)).toBe(toHex(fromHex(value)))
    expect(plainPoints(decodeColumn(column, HOUR))).toEqual(plainPoints(columns))
  })
}

function column(qualifier: string, value: string) {
  return { qualifier: fromHex(qualifier), value: fromHex(value) }
}

describe('encodeColumn(points, baseTimeS), decodeColumn(column, baseTimeS)', () => {
  const second = (offset: number, value: number | bigint): HourPoint => ({ offsetMs: offset * 1000, value })
  const milli = (offsetMs: number, value: number | bigint): HourPoint => ({ offsetMs, value, ms: true })

  encodes('one integer, which has no last byte', [second(300, 1n)], '12c0', '01')
  encodes('one integer of 2 bytes', [second(300, -300n)], '12c1', 'fed4')
  encodes('one integer of 4 bytes', [second(300, 100_000n)], '12c3', '000186a0')
  encodes('one integer of 8 bytes', [second(300, -9_007_199_254_740_991n)], '12c7', 'ffe0000000000001')
  encodes('one integer that no double holds', [second(300, 9_007_199_254_740_993n)], '12c7', '0020000000000001')
  encodes('the least integer', [second(300, -(2n ** 63n))], '12c7', '8000000000000000')
  encodes('one float of 4 bytes', [second(300, 42.5)], '12cb', '422a0000')
  encodes('one float of 8 bytes', [second(300, 4.2)], '12cf', '4010cccccccccccd')
  encodes('one millisecond', [milli(500, 1n)], 'f0007d00', '01')
  encodes('seconds, with a last byte of 0', [second(0, 42n), second(300, 4.2)], '0000 12cf', '2a 4010cccccccccccd 00')
  encodes('milliseconds, with a last byte of 0', [milli(0, 1n), milli(500, 2n)], 'f0000000 f0007d00', '01 02 00')
  encodes('both, with a last byte of 1', [second(0, 1n), milli(500, 2n)], '0000 f0007d00', '01 02 01')
  encodes('a whole second that was given in milliseconds', [milli(1000, 1n)], 'f000fa00', '01')

  it('are mirrors for any points', () => {
    fc.assert(
      fc.property(anyHourPoints, (points) => {
        const columns = hourPoints(HOUR, points)
        expect(plainPoints(decodeColumn(encodeColumn(columns, HOUR), HOUR))).toEqual(plainPoints(columns))
      }),
      { numRuns: 300 },
    )
  })

  it("read 1.x's float of 4 bytes on 8", () => {
    const points = decodeColumn(column('12cb', '00000000 422a0000'), HOUR)
    expect(plainPoints(points)).toEqual(plainPoints(hourPoints(HOUR, [second(300, 42.5)])))
    expect(() => decodeColumn(column('12cb', '00000001 422a0000'), HOUR)).toThrow(CorruptDataError)
  })

  it('read points that are out of order, as others may have written them', () => {
    const points = decodeColumn(column('12c0 0000', '01 02 00'), HOUR)
    expect(plainPoints(points)).toEqual(plainPoints(hourPoints(HOUR, [second(300, 1n), second(0, 2n)])))
  })

  it.each([
    ['an integer of 3 bytes', '12c2', '000000', BadQualifierError],
    ['a float of 2 bytes', '12c0 12d9', '00 0000 00', BadQualifierError],
    ['a point beyond the hour', 'e100', '00', BadQualifierError],
    ['a millisecond beyond the hour', 'fdbba000', '00', BadQualifierError],
    ['reserved bits', 'f0000010', '00', BadQualifierError],
    ['a qualifier of 3 bytes', '12c000', '00', BadQualifierError],
    ['no qualifier', '', '', BadQualifierError],
    ['a value that is too short', '12c1', '00', CorruptDataError],
    ['a value that is too long', '12c1', '000000', CorruptDataError],
    ['several values without a last byte', '0000 12c0', '01 02', CorruptDataError],
    ['a last byte from the future', '0000 12c0', '01 02 02', CorruptDataError],
    ['a last byte of mixed units where there is one', '0000 12c0', '01 02 01', CorruptDataError],
    ['a last byte of one unit where there are two', '0000 f0007d00', '01 02 00', CorruptDataError],
  ])('refuse %s', (_, qualifier, value, error) => {
    expect(() => decodeColumn(column(qualifier, value), HOUR)).toThrow(error)
  })

  it('refuse to write no points', () => {
    expect(() => encodeColumn(hourPoints(HOUR, []), HOUR)).toThrow(RangeError)
  })
})

describe('encodeCells(points, baseTimeS), decodeCells(bytes, baseTimeS)', () => {
  it('write and read the documented example', () => {
    const documented = documentedBytes('format/cells.md', 'cells')
    const points = hourPoints(HOUR, EXAMPLE)
    expect(toHex(encodeCells(points, HOUR))).toBe(toHex(documented))
    expect(plainPoints(decodeCells(documented, HOUR))).toEqual(plainPoints(points))
    const asColumn = encodeColumn(points, HOUR)
    expect(toHex(asColumn.qualifier)).toBe(
      toHex(documentedBytes('format/cells.md', 'the same as a column, its qualifier')),
    )
    expect(toHex(asColumn.value)).toBe(toHex(documentedBytes('format/cells.md', 'the same as a column, its value')))
  })

  it('are mirrors for any points, and cellsLength knows before', () => {
    fc.assert(
      fc.property(anyHourPoints, (points) => {
        const columns = hourPoints(HOUR, points)
        const bytes = encodeCells(columns, HOUR)
        expect(plainPoints(decodeCells(bytes, HOUR))).toEqual(plainPoints(columns))
        expect(cellsLength(columns, HOUR)).toBe(bytes.length)
      }),
      { numRuns: 300 },
    )
  })

  it('keep no points at all', () => {
    expect(toHex(encodeCells(hourPoints(HOUR, []), HOUR))).toBe('00')
    expect(decodeCells(fromHex('00'), HOUR).count).toBe(0)
  })

  it('keep hundreds of thousands of milliseconds', () => {
    const points = new PointColumnsBuilder(400_000)
    for (let i = 0; i < 400_000; i++) {
      const time = HOUR * 1000 + i * 9
      if (i % 1000 === 0) points.pushInteger(time, 2n ** 62n + BigInt(i), KIND_MS)
      else if (i % 3 === 0) points.push(time, i * -7001, KIND_MS)
      else if (i % 500 === 1 && (i * 9) % 1000 === 0) points.push(time, i, 0)
      else points.push(time, i % 2 === 0 ? i / 8 : Math.sin(i), KIND_MS | KIND_FLOAT)
    }
    expect(firstDifference(decodeCells(encodeCells(points, HOUR), HOUR), points)).toBe(-1)
  })

  it('take only the points that a column says it has, from views with other bytes around them', () => {
    const roomy = new PointColumnsBuilder(1000)
    roomy.push(HOUR * 1000, 5, 0)
    const bytes = encodeCells(roomy, HOUR)
    const around = new Uint8Array(bytes.length + 7)
    around.set(bytes, 3)
    const points = decodeCells(around.subarray(3, 3 + bytes.length), HOUR)
    expect(points.times).toEqual(Float64Array.of(HOUR * 1000))
    expect(points.values).toEqual(Float64Array.of(5))
  })

  it('refuse any cut', () => {
    const bytes = encodeCells(hourPoints(HOUR, EXAMPLE), HOUR)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeCells(bytes.subarray(0, length), HOUR)).toThrow(CorruptDataError)
    }
  })

  it('read damaged bytes as what they would be written as, or not at all', () => {
    const bytes = encodeCells(hourPoints(HOUR, EXAMPLE), HOUR)
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 3 }), (edits) => {
        const damaged = Uint8Array.from(bytes)
        for (const [at, byte] of edits) damaged[at] = byte
        try {
          const points = decodeCells(damaged, HOUR)
          expect(points.times).toHaveLength(points.count)
          expect(cellsLength(points, HOUR)).toBeLessThanOrEqual(damaged.length)
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptDataError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['points out of order', '02 12c0 0000 01 02 00'],
    ['an instant twice', '02 12c0 12c0 01 02 00'],
    ['an instant twice, once in milliseconds', '02 0010 f000fa00 01 02 01'],
    ['a count that the bytes cannot hold', 'ffffffffffff0f 0000 01'],
    ['fewer points than bytes', '01 0000 12c0 01 02 00'],
    ["1.x's padded float, which is never written here", '01 12cb 00000000 422a0000'],
  ])('refuse %s', (_, hex) => {
    expect(() => decodeCells(fromHex(hex), HOUR)).toThrow(CorruptDataError)
  })

  it('refuse points that their type or the hour forbids', () => {
    const one = (time: number, value: number, kind: number) => {
      const points = new PointColumnsBuilder()
      points.push(time, value, kind)
      return points
    }
    const start = HOUR * 1000
    expect(() => encodeCells(one(start - 1, 1, KIND_MS), HOUR)).toThrow('outside of the hour')
    expect(() => encodeCells(one(start + 3_600_000, 1, 0), HOUR)).toThrow('outside of the hour')
    expect(() => encodeCells(one(start + 0.5, 1, KIND_MS), HOUR)).toThrow(RangeError)
    expect(() => encodeCells(one(start + 5, 1, 0), HOUR)).toThrow('in seconds')
    expect(() => encodeCells(one(start, 0.5, 0), HOUR)).toThrow('no integer')
    expect(() => encodeCells(one(start, 2 ** 60, 0), HOUR)).toThrow('no integer')
    expect(() => encodeCells(one(start, 2 ** 60, KIND_BIG), HOUR)).toThrow('no 64-bit integer')
    const wide = one(start, 2 ** 63, KIND_BIG)
    wide.bigs.set(0, 2n ** 63n)
    expect(() => encodeCells(wide, HOUR)).toThrow('no 64-bit integer')
    const twice = one(start, 1, 0)
    twice.push(start, 2, KIND_MS)
    expect(() => encodeCells(twice, HOUR)).toThrow('out of order')
  })
})
