import { describe, expect, it } from 'vitest'
import { murmur3 } from '../../../lib/codec/murmur3.ts'
import { fromHex } from '../../helpers/hex.ts'

// Published vectors: https://stackoverflow.com/a/31929528 (MurmurHash3_x86_32).
const VECTORS: readonly [hex: string, seed: number, hash: number][] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['ffffffff', 0, 0x76293b50],
  ['21436587', 0, 0xf55b516b],
  ['21436587', 0x5082edee, 0x2362f9de],
  ['214365', 0, 0x7e4a8634],
  ['2143', 0, 0xa0f7b07a],
  ['21', 0, 0x72661cf4],
  ['00000000', 0, 0x2362f9de],
  ['000000', 0, 0x85f0b427],
  ['0000', 0, 0x30f4c306],
  ['00', 0, 0x514e28b7],
]

describe('murmur3(bytes, seed)', () => {
  it.each(VECTORS)('of %j with seed %i is the published value', (hex, seed, hash) => {
    expect(murmur3(fromHex(hex), seed)).toBe(hash)
  })

  it('of a sentence is the published value', () => {
    expect(murmur3(Buffer.from('Hello, world!'), 0x9747b28c)).toBe(0x24884cba)
    expect(murmur3(Buffer.from('The quick brown fox jumps over the lazy dog'), 0x9747b28c)).toBe(0x2fa826cd)
  })
})
