import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  abridge,
  compareSequences,
  encodeArrival,
  MAX_ARRIVAL_BYTES,
  readArrival,
  readArrival1,
} from '../../../lib/codec/arrival.ts'
import type { BlockSource } from '../../../lib/codec/block.ts'
import { ByteReader } from '../../../lib/codec/bytes.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { documentedBytes } from '../../helpers/docs.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

const HOUR = 1_545_084_000
/** The last point of the row. */
const LAST_MS = HOUR * 1000 + 650_000

/** The record of the worked example in docs/format/row.md: its number is one that AWS shows in its own examples. */
const KINESIS: BlockSource = {
  arrival: 1_545_084_650_958,
  shard: 6,
  sequence: 49590338271490256608559692538361571095921575989136588898n,
}

function decode(bytes: Uint8Array, lastMs = LAST_MS): BlockSource {
  const reader = new ByteReader(bytes, 'arrival')
  const source = readArrival(reader)
  expect(reader.remaining).toBe(0)
  return { ...source, arrival: lastMs + source.arrival }
}

/** A number as Kinesis makes them, from its parts in hex. */
function sequenceOf(created: number, nibble: number, counter: bigint, byte: number, seconds: number, shard: number) {
  const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, '0')
  return BigInt(
    `0x2${hex(created, 9)}${hex(nibble, 1)}${hex(counter, 16)}${hex(byte, 2)}${hex(seconds, 9)}${hex(shard, 8)}2`,
  )
}

/** As `decode`, of the rows of version 1. */
function decode1(bytes: Uint8Array): BlockSource {
  const reader = new ByteReader(bytes, 'arrival')
  const source = readArrival1(reader, HOUR)
  expect(reader.remaining).toBe(0)
  return source
}

describe('encodeArrival(source, lastMs), readArrival(reader)', () => {
  it('write and read the documented example', () => {
    const documented = documentedBytes('format/row.md', 'an arrival')
    expect(toHex(encodeArrival(KINESIS, LAST_MS))).toBe(toHex(documented))
    expect(decode(documented)).toEqual(abridge(KINESIS))
  })

  it('keep a number that is not made so as it is', () => {
    const source = { arrival: LAST_MS + 21_000, shard: 0, sequence: 258n }
    expect(abridge(source)).toBe(source)
    expect(toHex(encodeArrival(source, LAST_MS))).toBe('90c80201020102')
    expect(decode(fromHex('90c80201020102'))).toEqual(source)
    expect(toHex(encodeArrival({ ...source, sequence: 0n }, LAST_MS))).toBe('90c8020100')
  })

  it.each([
    ['of another shard', sequenceOf(1_500_000_000, 7, 5n, 0, 1_545_084_650, 7)],
    ['of two shards', sequenceOf(1_500_000_000, 7, 5n, 0, 1_545_084_650, 6)],
    ['with a byte that is not understood', sequenceOf(1_500_000_000, 6, 5n, 1, 1_545_084_650, 6)],
    ['with a counter beyond 2^53', sequenceOf(1_500_000_000, 6, 2n ** 53n, 0, 1_545_084_650, 6)],
    ['of another version', sequenceOf(1_500_000_000, 6, 5n, 0, 1_545_084_650, 6) - 1n],
    ['with more in front', sequenceOf(1_500_000_000, 6, 5n, 0, 1_545_084_650, 6) + 2n ** 200n],
  ])('keep a number %s whole', (_, sequence) => {
    const source = { ...KINESIS, sequence }
    expect(abridge(source)).toBe(source)
    const bytes = encodeArrival(source, LAST_MS)
    expect(bytes.length).toBeGreaterThan(27)
    expect(decode(bytes)).toEqual(source)
  })

  it('are mirrors for any arrival', () => {
    const seconds = fc.integer({ min: 0, max: 2 ** 36 - 1 })
    const made = fc
      .tuple(seconds, fc.nat(17), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(1), seconds)
      .map(([created, shard, counter, byte, at]) => ({
        shard,
        sequence: sequenceOf(created, shard % 16, counter >> (counter % 64n), byte, at, shard),
      }))
    const other = fc.record({ shard: fc.nat(100_000), sequence: fc.bigInt({ min: 0n, max: 2n ** 432n - 1n }) })
    const arrival = fc.integer({ min: 0, max: 2 ** 45 })
    fc.assert(
      fc.property(arrival, fc.oneof(made, other), arrival, (ms, rest, last) => {
        const source = { arrival: ms, ...rest }
        const bytes = encodeArrival(source, last)
        expect(bytes.length).toBeLessThanOrEqual(MAX_ARRIVAL_BYTES)
        expect(decode(bytes, last)).toEqual(abridge(source))
        // What is abridged already is kept as it is.
        expect(encodeArrival(abridge(source), last)).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('refuse any cut, and parts that no number has', () => {
    for (const source of [KINESIS, { ...KINESIS, sequence: 258n }]) {
      const bytes = encodeArrival(source, LAST_MS)
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decode(bytes.subarray(0, length))).toThrow(CorruptDataError)
      }
    }
    expect(() => decode(fromHex('00 01 37'))).toThrow('a sequence number of 55 bytes')
    // A shard of 2^32.
    expect(() => decode(fromHex('00 8080808020 0000'))).toThrow(CorruptDataError)
  })
})

describe('readArrival1(reader, baseTimeS)', () => {
  it('reads what the rows of version 1 have, in parts or whole', () => {
    expect(decode1(fromHex('9cbb4f0637bbda9902979492bb0600'))).toEqual(KINESIS)
    const whole = { arrival: HOUR * 1000 + 21_000, shard: 0, sequence: 258n }
    expect(decode1(fromHex('90c80200020102'))).toEqual(whole)
  })

  it('refuses parts that no number has', () => {
    expect(() => decode1(fromHex('00 00 38'))).toThrow('a sequence number of 56 bytes')
    // A shard of 2^32; a shard made before 1970.
    expect(() => decode1(fromHex('00 8080808010 37 00 00 00'))).toThrow(CorruptDataError)
    expect(() => decode1(fromHex('00 00 37 ffffffffff3f 00 00'))).toThrow(CorruptDataError)
  })
})

describe('compareSequences(a, b)', () => {
  const at = (counter: bigint) => sequenceOf(1_500_000_000, 6, counter, 0, 1_545_084_650, 6)
  const short = (counter: bigint) => abridge({ ...KINESIS, sequence: at(counter) }).sequence

  it('orders numbers of one shard the same whether they are whole or abridged', () => {
    const counter = fc.bigInt({ min: 0n, max: 2n ** 52n })
    fc.assert(
      fc.property(counter, fc.bigInt({ min: -32_767n, max: 32_767n }), (one, step) => {
        const other = one + step < 0n ? one - step : one + step
        const want = Math.sign(Number(one - other))
        expect(Math.sign(compareSequences(at(one), at(other)))).toBe(want)
        expect(Math.sign(compareSequences(short(one), at(other)))).toBe(want)
        expect(Math.sign(compareSequences(at(one), short(other)))).toBe(want)
        expect(Math.sign(compareSequences(short(one), short(other)))).toBe(want)
      }),
    )
  })

  it('orders whole numbers by all they are', () => {
    expect(compareSequences(at(1n), at(2n ** 40n))).toBeLessThan(0)
    expect(compareSequences(300n, 258n)).toBeGreaterThan(0)
    expect(compareSequences(300n, 300n)).toBe(0)
  })
})
