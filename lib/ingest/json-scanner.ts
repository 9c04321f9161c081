import { LimitExceededError } from '../model/errors.ts'
import { UnreadablePutError } from './put-errors.ts'

export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const OPEN_ARRAY = 0x5b
export const CLOSE_ARRAY = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d
export const LETTER_F = 0x66
export const LETTER_N = 0x6e
export const LETTER_T = 0x74
const BACKSLASH = 0x5c
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39

/** Below this many digits both a mantissa and the power of ten below it are exact, so their quotient is rounded once. */
const EXACT_DIGITS = 15
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => 10 ** i)

/** True for what may follow and precede a JSON value. */
function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09
}

function isDigit(unit: number): boolean {
  return unit >= DIGIT_0 && unit <= DIGIT_9
}

/**
 * Walks JSON text (RFC 8259, nothing more lenient) token by token without building anything that is not asked for: numbers
 * stay text beside their double, so that 64-bit integers survive.
 *
 * Every method starts at `at` and leaves it behind what it read; all throw UnreadablePutError naming line and column.
 */
export class JsonScanner {
  readonly text: string
  /** Index of the next UTF-16 code unit. */
  at = 0
  /** Of the last number() read: where its text begins. */
  numberFrom = 0
  /** Of the last number(): no point and no exponent. */
  numberIsInteger = true
  /** Of the last number(): its exact value, or the nearest double where it is no integer; NaN where only the text has it. */
  numberValue = 0
  readonly #maxDepth: number

  /** @param maxDepth levels of objects and arrays that are allowed */
  constructor(text: string, maxDepth: number) {
    this.text = text
    this.#maxDepth = maxDepth
  }

  /** Throws, saying what was wanted at `at`. */
  fail(why: string, at = this.at): never {
    let line = 1
    let lineFrom = 0
    for (let end = this.text.indexOf('\n'); end !== -1 && end < at; end = this.text.indexOf('\n', lineFrom)) {
      line++
      lineFrom = end + 1
    }
    const column = at - lineFrom + 1
    const found = at >= this.text.length ? 'the end of the body' : JSON.stringify(this.text.slice(at, at + 16))
    throw new UnreadablePutError(`${why}, found ${found} at line ${line}, column ${column}`)
  }

  /** Skips blanks. @returns the code unit at `at`, NaN at the end */
  peek(): number {
    let unit = this.text.charCodeAt(this.at)
    while (isSpace(unit)) unit = this.text.charCodeAt(++this.at)
    return unit
  }

  /** Skips blanks, then exactly this code unit. */
  expect(unit: number, why: string): void {
    if (this.peek() !== unit) this.fail(why)
    this.at++
  }

  /**
   * Skips exactly this text, if it is here.
   * It does not use startsWith, which takes V8 several times as long: a slice is a view, and equality goes by words.
   */
  skipText(part: string): boolean {
    const end = this.at + part.length
    if (this.text.slice(this.at, end) !== part) return false
    this.at = end
    return true
  }

  /** Skips a word of JSON. */
  literal(word: 'true' | 'false' | 'null'): void {
    if (!this.text.startsWith(word, this.at)) this.fail('A JSON value wanted')
    this.at += word.length
  }

  /** Reads a string that opens at `at`. */
  string(): string {
    const { text } = this
    const from = this.at + 1
    let at = from
    for (;;) {
      const unit = text.charCodeAt(at)
      if (unit === QUOTE) {
        this.at = at + 1
        return text.slice(from, at)
      }
      if (unit === BACKSLASH) return this.#stringWithEscapes(from, at)
      if (!(unit >= 0x20)) this.#failInString(unit, at)
      at++
    }
  }

  /** The slow path: finds the closing quote, then lets the platform read the escapes. */
  #stringWithEscapes(from: number, firstEscape: number): string {
    const { text } = this
    let at = firstEscape
    for (;;) {
      const unit = text.charCodeAt(at)
      if (unit === QUOTE) break
      if (!(unit >= 0x20)) this.#failInString(unit, at)
      at += unit === BACKSLASH ? 2 : 1
    }
    try {
      const value: string = JSON.parse(text.slice(from - 1, at + 1))
      this.at = at + 1
      return value
    } catch {
      return this.fail('A JSON escape wanted', firstEscape)
    }
  }

  #failInString(unit: number, at: number): never {
    this.fail(Number.isNaN(unit) ? 'The end of a string wanted' : 'No control character wanted in a string', at)
  }

  /**
   * Reads a number into numberFrom, numberIsInteger and numberValue. Up to 15 digits and no exponent, the value is computed
   * here (Clinger, "How to Read Floating Point Numbers Accurately", 1990); beyond, it is left to who needs it.
   */
  number(): void {
    const { text } = this
    let at = this.at
    this.numberFrom = at
    let unit = text.charCodeAt(at)
    const negative = unit === MINUS
    if (negative) unit = text.charCodeAt(++at)
    const first = at
    let mantissa = 0
    if (unit === DIGIT_0) unit = text.charCodeAt(++at)
    else {
      while (isDigit(unit)) {
        mantissa = mantissa * 10 + (unit - DIGIT_0)
        unit = text.charCodeAt(++at)
      }
    }
    if (at === first) this.fail('A JSON value wanted')
    if (isDigit(unit)) this.fail('No leading zero wanted')
    let digits = at - first
    let decimals = 0
    let integer = true
    if (unit === POINT) {
      integer = false
      const pointAt = at
      unit = text.charCodeAt(++at)
      while (isDigit(unit)) {
        mantissa = mantissa * 10 + (unit - DIGIT_0)
        unit = text.charCodeAt(++at)
      }
      decimals = at - pointAt - 1
      if (decimals === 0) this.fail('A digit wanted', at)
      digits += decimals
    }
    if (unit === 0x65 || unit === 0x45) {
      integer = false
      digits = Number.POSITIVE_INFINITY
      unit = text.charCodeAt(++at)
      if (unit === PLUS || unit === MINUS) unit = text.charCodeAt(++at)
      if (!isDigit(unit)) this.fail('A digit wanted', at)
      while (isDigit(unit)) unit = text.charCodeAt(++at)
    }
    this.at = at
    this.numberIsInteger = integer
    if (digits > EXACT_DIGITS) this.numberValue = Number.NaN
    else {
      const size = decimals === 0 ? mantissa : mantissa / POWERS_OF_TEN[decimals]!
      // an integer has no negative zero
      this.numberValue = !negative || (integer && size === 0) ? size : -size
    }
  }

  /** The text of the last number read. */
  numberText(): string {
    return this.text.slice(this.numberFrom, this.at)
  }

  /** Skips any value. @param depth levels of objects and arrays around it */
  skipValue(depth: number): void {
    const unit = this.peek()
    if (unit === QUOTE) this.string()
    else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) this.#skipNested(unit, depth + 1)
    else if (unit === LETTER_T) this.literal('true')
    else if (unit === LETTER_F) this.literal('false')
    else if (unit === LETTER_N) this.literal('null')
    else this.number()
  }

  #skipNested(open: number, depth: number): void {
    if (depth > this.#maxDepth) {
      throw new LimitExceededError('jsonDepth', this.#maxDepth, `more than ${this.#maxDepth}`, 'levels of JSON')
    }
    const isObject = open === OPEN_OBJECT
    const close = isObject ? CLOSE_OBJECT : CLOSE_ARRAY
    this.at++
    if (this.peek() === close) {
      this.at++
      return
    }
    for (;;) {
      if (isObject) {
        if (this.peek() !== QUOTE) this.fail('A field name wanted')
        this.string()
        this.expect(COLON, 'A colon wanted')
      }
      this.skipValue(depth)
      if (this.peek() === close) {
        this.at++
        return
      }
      this.expect(COMMA, isObject ? 'A comma or } wanted' : 'A comma or ] wanted')
    }
  }
}
