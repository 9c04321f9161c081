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
    this.#reserve(ascii.length)
    for (let i = 0; i < ascii.length; i++) this.#bytes[this.#at++] = ascii.charCodeAt(i)
  }

  /** As String(value). @param value an integer that a double holds */
  integer(value: number): void {
    const size = value < 0 ? -value : value
    if (!(size <= Number.MAX_SAFE_INTEGER)) {
      this.text(String(value))
      return
    }
    this.#reserve(NUMBER_BYTES)
    if (value < 0) this.#bytes[this.#at++] = MINUS
    if (size < NINE_DIGITS) this.#digits(size, 1)
    else {
      const high = Math.floor(size / NINE_DIGITS)
      this.#digits(high, 1)
      this.#digits(size - high * NINE_DIGITS, 9)
    }
  }

  /** A finite double as javaDouble writes it. */
  double(value: number): void {
    const thousandths = thousandthsOf(value < 0 ? -value : value)
    if (thousandths === 0) {
      this.text(javaDouble(value))
      return
    }
    this.#reserve(NUMBER_BYTES)
    if (value < 0) this.#bytes[this.#at++] = MINUS
    const whole = Math.floor(thousandths / 1000)
    this.#digits(whole, 1)
    this.#bytes[this.#at++] = POINT
    const part = thousandths - whole * 1000
    if (part % 100 === 0) this.#digits(part / 100, 1)
    else if (part % 10 === 0) this.#digits(part / 10, 2)
    else this.#digits(part, 3)
  }

  /** @param value from 0 to below 2^31 @param least digits, filled up with zeros before it */
  #digits(value: number, least: number): void {
    let count = least
    for (let power = TENS[least]!; value >= power; power *= 10) count++
    let rest = value | 0
    for (let i = this.#at + count - 1; i >= this.#at; i--) {
      const tens = (rest / 10) | 0
      this.#bytes[i] = ZERO + rest - tens * 10
      rest = tens
    }
    this.#at += count
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + count))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }
}

const TENS = Array.from({ length: 10 }, (_, digits) => 10 ** digits)
