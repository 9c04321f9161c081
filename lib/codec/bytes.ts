import { CorruptDataError } from '../model/errors.ts'

const TWO_32 = 2 ** 32

/** Bytes as a key of maps and sets: a character each, which is made fastest and takes a byte of memory. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Appends fields to a buffer that grows. Every codec writes with this and reads with ByteReader, field for field. */
export class ByteWriter {
  #bytes: Uint8Array
  /** Made when it is first needed: most short runs of bytes need none, and making it takes longer than writing them. */
  #view: DataView | undefined
  #length = 0

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  #reserve(more: number): number {
    const at = this.#length
    const needed = at + more
    if (needed > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      bigger.set(this.#bytes)
      this.#bytes = bigger
      this.#view = undefined
    }
    this.#length = needed
    return at
  }

  #viewed(): DataView {
    this.#view ??= new DataView(this.#bytes.buffer)
    return this.#view
  }

  /** One byte. */
  u8(value: number): this {
    const at = this.#reserve(1)
    this.#bytes[at] = value
    return this
  }

  /** Two bytes, big-endian, unsigned. */
  u16(value: number): this {
    const at = this.#reserve(2)
    this.#bytes[at] = value >>> 8
    this.#bytes[at + 1] = value
    return this
  }

  /** Four bytes, big-endian, unsigned. */
  u32(value: number): this {
    const at = this.#reserve(4)
    this.#viewed().setUint32(at, value)
    return this
  }

  /** Six bytes, big-endian, unsigned: a time in milliseconds. */
  u48(value: number): this {
    const at = this.#reserve(6)
    this.#viewed().setUint16(at, Math.floor(value / TWO_32))
    this.#viewed().setUint32(at + 2, value % TWO_32)
    return this
  }

  /** Eight bytes, big-endian, two's complement. */
  i64(value: bigint): this {
    const at = this.#reserve(8)
    this.#viewed().setBigInt64(at, value)
    return this
  }

  /** Eight bytes, big-endian IEEE 754. */
  f64(value: number): this {
    const at = this.#reserve(8)
    this.#viewed().setFloat64(at, value)
    return this
  }

  /** LEB128: seven bits a byte, least significant first; whole numbers from 0 to 2^53 - 1 take 1 to 8 bytes. */
  varint(value: number): this {
    let rest = value
    while (rest >= TWO_32) {
      this.u8((rest % 128) | 0x80)
      rest = Math.floor(rest / 128)
    }
    rest >>>= 0
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    return this.u8(rest)
  }

  /** Zigzag, then varint: |value| up to 2^52 - 1, small magnitudes short. */
  zigzag(value: number): this {
    return this.varint(value < 0 ? -value * 2 - 1 : value * 2)
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  /** A varint length in bytes, then UTF-8. */
  text(value: string): this {
    const bytes = Buffer.from(value, 'utf8')
    return this.varint(bytes.length).raw(bytes)
  }

  /** What was written; a view, valid until the next write. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Reads what ByteWriter wrote; every read checks the bounds and throws CorruptDataError naming what was being read. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #view: DataView | undefined
  readonly #reading: string
  #at = 0

  /** @param reading what these bytes are, for error messages: 'block', 'stream record' */
  constructor(bytes: Uint8Array, reading: string) {
    this.#bytes = bytes
    this.#reading = reading
  }

  get offset(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** Throws for a value that the format does not allow. */
  fail(why: string): never {
    throw new CorruptDataError(this.#reading, `${why} at byte ${this.#at} of ${this.#bytes.length}`, this.#bytes)
  }

  /** Made when it is first needed, for that takes longer than most reading. */
  #viewed(): DataView {
    const { buffer, byteOffset, byteLength } = this.#bytes
    this.#view ??= new DataView(buffer, byteOffset, byteLength)
    return this.#view
  }

  #take(count: number): number {
    const at = this.#at
    if (count < 0 || at + count > this.#bytes.length) this.fail(`${count} bytes wanted`)
    this.#at = at + count
    return at
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!
  }

  u16(): number {
    const at = this.#take(2)
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!
  }

  u32(): number {
    return this.#viewed().getUint32(this.#take(4))
  }

  u48(): number {
    const at = this.#take(6)
    return this.#viewed().getUint16(at) * TWO_32 + this.#viewed().getUint32(at + 2)
  }

  i64(): bigint {
    return this.#viewed().getBigInt64(this.#take(8))
  }

  f64(): number {
    return this.#viewed().getFloat64(this.#take(8))
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : this.fail('a varint above 2^53 - 1')
      scale *= 128
    }
    return this.fail('a varint of more than 8 bytes')
  }

  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** @returns a view of the next `count` bytes, not a copy */
  raw(count: number): Uint8Array {
    const at = this.#take(count)
    return this.#bytes.subarray(at, at + count)
  }

  text(): string {
    const bytes = this.raw(this.varint())
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  }
}
