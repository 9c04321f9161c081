import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../../lib/codec/bytes.ts'
import { encodeKinds, readKinds } from '../../../../lib/codec/chunk/kinds.ts'
import { toHex } from '../../../helpers/hex.ts'

describe('encodeKinds(kinds)', () => {
  const kinds = (...list: number[]) => {
    const { codec, bytes } = encodeKinds(Uint8Array.from(list))
    const read = new Uint8Array(list.length)
    readKinds(new ByteReader(bytes, 'test'), codec, true, read)
    expect([...read]).toEqual(list)
    return `${codec} ${toHex(bytes)}`
  }

  it('writes nothing for integers and for doubles, one byte for another kind, else runs', () => {
    expect(kinds(0, 0)).toBe('0 ')
    expect(kinds(1, 1, 1)).toBe('1 ')
    expect(kinds(3, 3)).toBe('2 03')
    expect(kinds(0, 0, 1, 4)).toBe('3 000101000400')
    expect(kinds(8, 8)).toBe('2 08')
  })

  it('reads texts only where they are allowed', () => {
    const read = () => readKinds(new ByteReader(Uint8Array.of(8), 'test'), 2, false, new Uint8Array(2))
    expect(read).toThrow('points of the unknown kind 8')
  })

  it('refuses kinds that exclude each other', () => {
    for (const kind of [5, 9, 12, 16]) expect(() => encodeKinds(Uint8Array.of(kind))).toThrow(RangeError)
  })
})
