import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeArrival, MAX_ARRIVAL_BYTES, readArrival } from '../../../lib/codec/arrival.ts'
import type { BlockSource } from '../../../lib/codec/block.ts'
import { ByteReader } from '../../../lib/codec/bytes.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { documentedBytes } from '../../helpers/docs.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

const HOUR = 1_545_084_000

/** The record of the worked example in docs/format/row.md: its number is one that AWS shows in its own examples. */
const KINESIS: BlockSource = {
  arrival: 1_545_084_650_958,
  shard: 6,
  sequence: 49590338271490256608559692538361571095921575989136588898n,
}

function decode(bytes: Uint8Array, baseTimeS = HOUR): BlockSource {
  const reader = new ByteReader(bytes, 'arrival')
  const source = readArrival(reader, baseTimeS)
  expect(reader.remaining).toBe(0)
  return source
}

/** A number as Kinesis makes them, from its parts in hex. */
function sequenceOf(created: number, nibble: number, counter: bigint, byte: number, seconds: number, shard: number) {
  const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, '0')
  return BigInt(
    `0x2${hex(created, 9)}${hex(nibble, 1)}${hex(counter, 16)}${hex(byte, 2)}${hex(seconds, 9)}${hex(shard, 8)}2`,
  )
}

describe('encodeArrival(source, baseTimeS), readArrival(reader, baseTimeS)', () => {
  it('write and read the documented example', () => {
    const documented = documentedBytes('format/row.md', 'an arrival')
    expect(toHex(encodeArrival(KINESIS, HOUR))).toBe(toHex(documented))
    expect(decode(documented)).toEqual(KINESIS)
  })

  it('keep a number that is not made so as it is', () => {
    const source = { arrival: HOUR * 1000 + 21_000, shard: 0, sequence: 258n }
    expect(toHex(encodeArrival(source, HOUR))).toBe('90c80200020102')
    expect(decode(fromHex('90c80200020102'))).toEqual(source)
    expect(toHex(encodeArrival({ ...source, sequence: 0n }, HOUR))).toBe('90c8020000')
  })

  it.each([
    ['of another shard', sequenceOf(1_500_000_000, 7, 5n, 0, 1_545_084_650, 7)],
    ['of two shards', sequenceOf(1_500_000_000, 7, 5n, 0, 1_545_084_650, 6)],
    ['with a byte that is not understood', sequenceOf(1_500_000_000, 6, 5n, 1, 1_545_084_650, 6)],
    ['with a counter beyond 2^53', sequenceOf(1_500_000_000, 6, 2n ** 53n, 0, 1_545_084_650, 6)],
    ['of another version', sequenceOf(1_500_000_000, 6, 5n, 0, 1_545_084_650, 6) - 1n],
    ['with more in front', sequenceOf(1_500_000_000, 6, 5n, 0, 1_545_084_650, 6) + 2n ** 200n],
  ])('keep a number %s whole', (_, sequence) => {
    const bytes = encodeArrival({ ...KINESIS, sequence }, HOUR)
    expect(bytes.length).toBeGreaterThan(28)
    expect(decode(bytes)).toEqual({ ...KINESIS, sequence })
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
      fc.property(arrival, fc.oneof(made, other), fc.nat(1_193_045), (ms, rest, hour) => {
        const source = { arrival: ms, ...rest }
        const bytes = encodeArrival(source, hour * 3600)
        expect(bytes.length).toBeLessThanOrEqual(MAX_ARRIVAL_BYTES)
        expect(decode(bytes, hour * 3600)).toEqual(source)
      }),
      { numRuns: 500 },
    )
  })

  it('refuse any cut, and parts that no number has', () => {
    for (const source of [KINESIS, { ...KINESIS, sequence: 258n }]) {
      const bytes = encodeArrival(source, HOUR)
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decode(bytes.subarray(0, length))).toThrow(CorruptDataError)
      }
    }
    expect(() => decode(fromHex('00 00 38'))).toThrow('a sequence number of 56 bytes')
    // A shard of 2^32; a shard made before 1970.
    expect(() => decode(fromHex('00 8080808010 37 00 00 00'))).toThrow(CorruptDataError)
    expect(() => decode(fromHex('00 00 37 ffffffffff3f 00 00'))).toThrow(CorruptDataError)
  })
})
