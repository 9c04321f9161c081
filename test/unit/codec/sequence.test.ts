import { describe, expect, it } from 'vitest'
import { sequenceFromBytes, sequenceToBytes } from '../../../lib/codec/sequence.ts'
import { toHex } from '../../helpers/hex.ts'

describe('sequenceToBytes(sequence)', () => {
  it('writes no leading zeros and is undone by sequenceFromBytes', () => {
    const cases: [bigint, string][] = [
      [0n, ''],
      [1n, '01'],
      [255n, 'ff'],
      [256n, '0100'],
    ]
    for (const [sequence, hex] of cases) {
      expect(toHex(sequenceToBytes(sequence))).toBe(hex)
      expect(sequenceFromBytes(sequenceToBytes(sequence))).toBe(sequence)
    }
  })

  it('takes the longest that Kinesis gives, and refuses longer and negative ones', () => {
    const longest = 10n ** 129n - 1n
    expect(sequenceFromBytes(sequenceToBytes(longest))).toBe(longest)
    expect(() => sequenceToBytes(2n ** 432n)).toThrow(RangeError)
    expect(() => sequenceToBytes(-1n)).toThrow(RangeError)
  })
})
