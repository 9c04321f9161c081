import { javaDouble } from './java-double.ts'
import { thousandthsOf } from './number-text.ts'

/** What integers are cut by into halves of 32 bits each. */
const NINE_DIGITS = 1_000_000_000

/** Most characters of a number. */
const NUMBER_BYTES = 32

const ZERO = 48
const MINUS = 45
const POINT = 46

/**
 * Text of ASCII characters as it grows. Numbers become bytes in it one by one; as strings, the texts of thousands of points would
 * be objects by the hundred thousand, which takes longer to clear away than to write them.
 */
export class AsciiBuffer {
  #bytes: Buffer
  #at = 0

  /** @param size bytes to begin with */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size)
  }

  get length(): number {
    return this.#at
  }

  /** The text so far; the buffer is empty then. */
  take(): string {
    const text = this.#bytes.toString('latin1', 0, this.#at)
    this.#at = 0
    return text
  }

  /** @param ascii characters below 0x80 alone */
  text(ascii: string): void {
    const bytes = this.#reserve(ascii.length)
    const at = this.#at
    for (let i = 0; i < ascii.length; i++) bytes[at + i] = ascii.charCodeAt(i)
    this.#at = at + ascii.length
  }

  /** As String(value). @param value an integer that a double holds */
  integer(value: number): void {
    const size = value < 0 ? -value : value
    if (!(size <= Number.MAX_SAFE_INTEGER)) {
      this.text(String(value))
      return
    }
    const bytes = this.#reserve(NUMBER_BYTES)
    let at = this.#at
    if (value < 0) bytes[at++] = MINUS
    if (size < NINE_DIGITS) at = writeDigits(bytes, at, size, digitsOf(size))
    else {
      const high = Math.floor(size / NINE_DIGITS)
      at = writeDigits(bytes, at, high, digitsOf(high))
      at = writeDigits(bytes, at, size - high * NINE_DIGITS, 9)
    }
    this.#at = at
  }

  /** A finite double as javaDouble writes it. */
  double(value: number): void {
    const thousandths = thousandthsOf(value < 0 ? -value : value)
    if (thousandths === 0) {
      this.text(javaDouble(value))
      return
    }
    const bytes = this.#reserve(NUMBER_BYTES)
    let at = this.#at
    if (value < 0) bytes[at++] = MINUS
    const whole = (thousandths / 1000) | 0
    at = writeDigits(bytes, at, whole, digitsOf(whole))
    bytes[at++] = POINT
    const part = thousandths - whole * 1000
    if (part % 100 === 0) at = writeDigits(bytes, at, part / 100, 1)
    else if (part % 10 === 0) at = writeDigits(bytes, at, part / 10, 2)
    else at = writeDigits(bytes, at, part, 3)
    this.#at = at
  }

  /** @returns the bytes, with room for so many more */
  #reserve(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + count))
      larger.set(this.#bytes.subarray(0, this.#at))
      this.#bytes = larger
    }
    return this.#bytes
  }
}

/** The digits of an integer from 0 to below 2^31. */
function digitsOf(value: number): number {
  if (value < 1000) return value < 10 ? 1 : value < 100 ? 2 : 3
  if (value < 1_000_000) return value < 10_000 ? 4 : value < 100_000 ? 5 : 6
  if (value < NINE_DIGITS) return value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : 9
  return 10
}

/**
 * Writes an integer from 0 to below 2^31, three digits at a time.
 * @param count its digits, or more for zeros before them
 * @returns index of the byte behind it
 */
function writeDigits(bytes: Uint8Array, at: number, value: number, count: number): number {
  let rest = value | 0
  let i = at + count
  while (i - at >= 3) {
    const thousands = (rest / 1000) | 0
    const three = (rest - thousands * 1000) * 3
    bytes[--i] = TRIPLES[three + 2]!
    bytes[--i] = TRIPLES[three + 1]!
    bytes[--i] = TRIPLES[three]!
    rest = thousands
  }
  while (i > at) {
    const tens = (rest / 10) | 0
    bytes[--i] = ZERO + rest - tens * 10
    rest = tens
  }
  return at + count
}

/** The digits of 000 to 999, one behind the other. */
const TRIPLES = Buffer.from(Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0')).join(''))
