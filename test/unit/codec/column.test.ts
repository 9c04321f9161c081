import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../lib/codec/bytes.ts'
import {
  MAX_COLUMN_INTEGER,
  readBytes,
  readDoubles,
  readIntegers,
  writeBytes,
  writeDoubles,
  writeIntegers,
} from '../../../lib/codec/column.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

const integers = (...values: number[]) => {
  const writer = new ByteWriter()
  writeIntegers(writer, Float64Array.from(values), values.length)
  return toHex(writer.finish())
}
const doubles = (...values: number[]) => {
  const writer = new ByteWriter()
  writeDoubles(writer, Float64Array.from(values), values.length)
  return toHex(writer.finish())
}
const bytes = (...values: number[]) => {
  const writer = new ByteWriter()
  writeBytes(writer, Uint8Array.from(values), values.length)
  return toHex(writer.finish())
}
const reader = (hex: string) => new ByteReader(fromHex(hex), 'test')

describe('writeIntegers(writer, values, count)', () => {
  it('writes equal entries once', () => {
    expect(integers()).toBe('0000')
    expect(integers(10, 10, 10)).toBe('0014')
    expect(integers(-1, -1)).toBe('0001')
    expect(integers(MAX_COLUMN_INTEGER)).toBe('00feffffffffffff0f')
  })

  it('writes others as planes of their zigzag bytes, the lowest plane first', () => {
    expect(integers(1, -1, 2)).toBe('01 01 020104'.replaceAll(' ', ''))
    expect(integers(0, 256)).toBe('01 02 0000 0002'.replaceAll(' ', ''))
    expect(integers(0, 2 ** 31)).toBe('01 05 0000 0000 0000 0000 0001'.replaceAll(' ', ''))
  })

  it('refuses what has no exact zigzag form', () => {
    expect(() => integers(MAX_COLUMN_INTEGER + 1)).toThrow(RangeError)
  })

  it('is undone by readIntegers, whole or in part', () => {
    const size = fc.constantFrom(3, 200, 40_000, 2 ** 31 - 1, 2 ** 31, 2 ** 33, MAX_COLUMN_INTEGER)
    const column = size.chain((max) =>
      fc.array(
        fc.maxSafeInteger().map((n) => (n % (max + 1)) + 0),
        { maxLength: 30 },
      ),
    )
    fc.assert(
      fc.property(column, fc.nat(30), fc.nat(30), (values, a, b) => {
        const writer = new ByteWriter()
        writeIntegers(writer, Float64Array.from(values), values.length)
        writer.u8(0x77)
        const from = Math.min(a, b, values.length)
        const to = Math.min(Math.max(a, b), values.length)
        const back = new ByteReader(writer.finish(), 'test')
        expect([...readIntegers(back, values.length, from, to)]).toEqual(values.slice(from, to))
        expect(back.u8()).toBe(0x77)
      }),
    )
  })

  it('is refused by readIntegers when damaged', () => {
    expect(() => readIntegers(reader('02'), 1)).toThrow(CorruptDataError)
    expect(() => readIntegers(reader('0100'), 1)).toThrow('an integer column of 0 bytes')
    expect(() => readIntegers(reader('0108'), 1)).toThrow(CorruptDataError)
    expect(() => readIntegers(reader('01010102'), 3)).toThrow('3 bytes wanted')
  })
})

describe('writeDoubles(writer, values, count)', () => {
  it('writes equal entries once and others as planes of bytes, the lowest plane first', () => {
    expect(doubles(1, 1)).toBe('00 3ff0000000000000'.replaceAll(' ', ''))
    expect(doubles(1, -2)).toBe('01 08 0000 0000 0000 0000 0000 0000 f000 3fc0'.replaceAll(' ', ''))
  })

  it('tells negative zero from zero', () => {
    expect(doubles(0, -0)).not.toBe(doubles(0, 0))
  })

  it('is undone by readDoubles, bit for bit, whole or in part', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 20 }), fc.nat(20), (values, a) => {
        const writer = new ByteWriter()
        writeDoubles(writer, Float64Array.from(values), values.length)
        const from = Math.min(a, values.length)
        expect([...readDoubles(new ByteReader(writer.finish(), 'test'), values.length, from)]).toEqual(
          values.slice(from),
        )
      }),
    )
  })

  it('is refused by readDoubles when damaged', () => {
    expect(() => readDoubles(reader('05'), 1)).toThrow(CorruptDataError)
    expect(() => readDoubles(reader('0107'), 1)).toThrow(CorruptDataError)
    expect(() => readDoubles(reader('0108ff'), 1)).toThrow(CorruptDataError)
  })
})

describe('writeBytes(writer, values, count)', () => {
  it('writes equal entries once and others as they are', () => {
    expect(bytes(7, 7)).toBe('0007')
    expect(bytes(1, 2, 3)).toBe('0101010203')
    expect([...readBytes(reader('0101010203'), 3, 1)]).toEqual([2, 3])
    expect([...readBytes(reader('0007'), 3)]).toEqual([7, 7, 7])
  })

  it('is refused by readBytes when damaged', () => {
    expect(() => readBytes(reader('09'), 1)).toThrow(CorruptDataError)
    expect(() => readBytes(reader('0102'), 1)).toThrow(CorruptDataError)
    expect(() => readBytes(reader('010101'), 2)).toThrow(CorruptDataError)
  })
})
