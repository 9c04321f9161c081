import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../../../lib/codec/bytes.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const unhex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

describe('ByteWriter', () => {
  const writes = (what: string, write: (w: ByteWriter) => ByteWriter, want: string) =>
    test(`writes ${what} as ${want}`, () => expect(hex(write(new ByteWriter(1)).finish())).toBe(want))

  writes('a byte', (w) => w.u8(0xff), 'ff')
  writes('two bytes', (w) => w.u16(0x0102), '0102')
  writes('four bytes', (w) => w.u32(0xfffefdfc), 'fffefdfc')
  writes('a time in ms on six bytes', (w) => w.u48(1356998400123), '013bf368587b')
  writes('the smallest 64-bit integer', (w) => w.i64(-(2n ** 63n)), '8000000000000000')
  writes('negative zero', (w) => w.f64(-0), '8000000000000000')
  writes('the one-byte varint 127', (w) => w.varint(127), '7f')
  writes('the two-byte varint 128', (w) => w.varint(128), '8001')
  writes('the largest varint', (w) => w.varint(Number.MAX_SAFE_INTEGER), 'ffffffffffffff0f')
  writes('the zigzag of -1', (w) => w.zigzag(-1), '01')
  writes('text with its length in bytes', (w) => w.text('é'), '02c3a9')
})

describe('ByteReader', () => {
  const rejects = (what: string, bytes: string, read: (r: ByteReader) => unknown) =>
    test(`rejects ${what}`, () => expect(() => read(new ByteReader(unhex(bytes), 'test'))).toThrow(CorruptDataError))

  rejects('a byte past the end', '', (r) => r.u8())
  rejects('text longer than what is left', '05616263', (r) => r.text())
  rejects('a varint that does not end', 'ffffffffffffffffff', (r) => r.varint())
  rejects('a varint above 2^53 - 1', 'ffffffffffffff1f', (r) => r.varint())

  test('reads back whatever was written, field for field', () => {
    const int = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(
        int,
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.double(),
        fc.string(),
        (n, big, d, s) => {
          const bytes = new ByteWriter(0)
            .varint(n)
            .i64(big)
            .f64(d)
            .text(s)
            .u48(n % 2 ** 48)
            .finish()
          const reader = new ByteReader(bytes, 'test')
          const text = Buffer.from(s, 'utf8').toString('utf8')
          expect([reader.varint(), reader.i64(), reader.f64(), reader.text(), reader.u48()]).toEqual([
            n,
            big,
            d,
            text,
            n % 2 ** 48,
          ])
          expect(reader.remaining).toBe(0)
        },
      ),
    )
  })

  test('reads back zigzag integers of either sign', () => {
    const int = fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 })
    fc.assert(
      fc.property(int, (n) => {
        expect(new ByteReader(new ByteWriter().zigzag(n).finish(), 'test').zigzag()).toBe(n)
      }),
    )
  })
})
