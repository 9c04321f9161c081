import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatToken, hashSecret, isSecret, newToken, parseToken, tokenInHeader } from '../../../lib/access/token.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

describe('a token', () => {
  it('is 256 random bits behind an id of its own, each time others', () => {
    const tokens = Array.from({ length: 100 }, newToken)
    expect(new Set(tokens.map(({ id }) => id)).size).toBe(100)
    expect(new Set(tokens.map(({ secret }) => toHex(secret))).size).toBe(100)
    expect(tokens.every(({ secret }) => secret.length === 32)).toBe(true)
  })

  it('is read as it was written', () => {
    fc.assert(
      fc.property(bytes(8), bytes(32), (idBytes, secret) => {
        const text = formatToken({ id: toHex(idBytes), secret })
        expect(text).toMatch(/^tsdb_[0-9a-f]{16}_[\w-]{43}$/)
        const read = parseToken(text)
        expect([read?.id, toHex(read?.secret ?? new Uint8Array())]).toEqual([toHex(idBytes), toHex(secret)])
      }),
    )
  })

  it.each([
    '',
    'tsdb_',
    'tsdb_00_AA',
    `tsdb_${'0'.repeat(16)}_${'A'.repeat(42)}`,
    ` tsdb_${'0'.repeat(16)}_${'A'.repeat(43)}`,
  ])('is not %j', (text) => expect(parseToken(text)).toBeUndefined())

  it('is known again by the SHA-256 of its secret and by nothing else', () => {
    // FIPS 180-4's example is of text; this is of 32 zero bytes
    const zeros = new Uint8Array(32)
    expect(toHex(hashSecret(zeros))).toBe('66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925')
    expect(isSecret(zeros, hashSecret(zeros))).toBe(true)
    expect(isSecret(Uint8Array.of(...zeros.slice(1), 1), hashSecret(zeros))).toBe(false)
    expect(isSecret(zeros, fromHex('66'))).toBe(false)
  })
})

describe('tokenInHeader(authorization)', () => {
  const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`

  it.each([
    ['Bearer abc', 'abc'],
    ['bearer  abc ', 'abc'],
    [basic('grafana:abc'), 'abc'],
    [basic(':abc'), 'abc'],
    [basic('user:a:b'), 'a:b'],
    ['Bearer', undefined],
    ['Bearer a b', undefined],
    ['Digest abc', undefined],
    ['abc', undefined],
    [basic('abc'), undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j: %j', (header, token) => expect(tokenInHeader(header)).toBe(token))
})
