import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../../lib/codec/bytes.ts'
import { encodeKinds, readKinds } from '../../../../lib/codec/chunk/kinds.ts'
import { toHex } from '../../../helpers/hex.ts'

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
