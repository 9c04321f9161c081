import { KairosRequestError } from './errors.ts'

/** A number as it was written, so that 64-bit integers and `1.0` stay what they are. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Members in the order in which they first came; of one name the last value holds. */
export type JsonObject = ReadonlyMap<string, Json>

/** A value of JSON. */
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject

/** Values within values: beyond it a body is refused, not recursed into. */
const MAX_DEPTH = 100

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** What ends a word without quotes. */
const WORD = /[^\s[\]{}:,;=#/\\]+/y
const SPACE = /[ \t\r\n]+/y

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  '\n': '\n',
}

/**
 * Reads JSON as leniently as KairosDB, whose reader is Gson's: comments, single quotes and words without quotes are taken,
 * `;` for `,` and `=` for `:`; an array's missing element is null. A comma before a closing brace is not taken.
 * @returns null for text that holds nothing
 * @throws KairosRequestError saying where it can't be read
 */
export function parseLenientJson(text: string): Json {
  const reader = new Reader(text)
  if (reader.peek() === '') return null
  const value = reader.value(0)
  if (reader.peek() !== '') reader.fail('there is text behind its end')
  return value
}

/**
 * Reads the object that begins at an index of a text, as parseLenientJson reads one.
 * @param at where it opens
 * @returns the object, and the index behind it
 * @throws KairosRequestError saying where it can't be read
 */
export function readLenientObject(text: string, at: number): { value: JsonObject; end: number } {
  const reader: Reader = new Reader(text, at)
  const value = reader.value(0)
  if (!isObject(value)) reader.fail('an object is expected')
  return { value, end: reader.at }
}

function isObject(value: Json): value is JsonObject {
  return value instanceof Map
}

class Reader {
  readonly #text: string
  #at = 0

  /** @param at where to begin @default 0 */
  constructor(text: string, at?: number) {
    this.#text = text
    if (at !== undefined) this.#at = at
    else if (text.startsWith(")]}'\n")) this.#at = 5
  }

  /** The index behind what was read. */
  get at(): number {
    return this.#at
  }

  /** @throws KairosRequestError always */
  fail(why: string): never {
    const before = this.#text.slice(0, this.#at)
    const line = before.split('\n').length
    const column = this.#at - before.lastIndexOf('\n')
    throw new KairosRequestError(`The JSON can't be read: ${why}, at line ${line} column ${column}`)
  }

  /** The next character that is no space or comment, which stays; '' at the end. */
  peek(): string {
    for (;;) {
      this.#match(SPACE)
      const char = this.#text[this.#at] ?? ''
      const two = this.#text.slice(this.#at, this.#at + 2)
      if (char === '#' || two === '//') this.#skipTo('\n')
      else if (two === '/*') this.#skipTo('*/', 'a comment has no end')
      else return char
    }
  }

  value(depth: number): Json {
    if (depth > MAX_DEPTH) this.fail(`values lie more than ${MAX_DEPTH} deep`)
    const char = this.peek()
    if (char === '{') return this.#object(depth)
    if (char === '[') return this.#array(depth)
    if (char === '"' || char === "'") return this.#quoted(char)
    if (char === '') this.fail('it ends too early')
    return this.#literal()
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, Json>()
    this.#at++
    if (this.peek() === '}') {
      this.#at++
      return members
    }
    for (;;) {
      const name = this.#name()
      const colon = this.peek()
      if (colon !== ':' && colon !== '=') this.fail("':' is expected")
      this.#at++
      if (colon === '=' && this.#text[this.#at] === '>') this.#at++
      members.set(name, this.value(depth + 1))
      const next = this.peek()
      this.#at++
      if (next === '}') return members
      if (next !== ',' && next !== ';') this.fail(next === '' ? 'it ends too early' : 'an object has no end')
    }
  }

  #name(): string {
    const char = this.peek()
    if (char === '') this.fail('it ends too early')
    if (char === '"' || char === "'") return this.#quoted(char)
    const word = this.#match(WORD)
    if (word === '') this.fail('a name is expected')
    return word
  }

  #array(depth: number): readonly Json[] {
    const elements: Json[] = []
    this.#at++
    let missing = true
    for (;;) {
      const next = this.peek()
      if (next === ']') {
        this.#at++
        if (missing && elements.length > 0) elements.push(null)
        return elements
      }
      if (next === ',' || next === ';') {
        this.#at++
        if (missing) elements.push(null)
        missing = true
      } else if (missing) {
        elements.push(this.value(depth + 1))
        missing = false
      } else this.fail(next === '' ? 'it ends too early' : 'an array has no end')
    }
  }

  #quoted(quote: string): string {
    let value = ''
    for (let from = ++this.#at; ; this.#at++) {
      const char = this.#text[this.#at]
      if (char === undefined) this.fail('a string has no end')
      if (char === quote) {
        value += this.#text.slice(from, this.#at++)
        return value
      }
      if (char === '\\') {
        value += this.#text.slice(from, this.#at++) + this.#escaped()
        from = this.#at + 1
      }
    }
  }

  /** What an escape stands for; ends at its last character. */
  #escaped(): string {
    const char = this.#text[this.#at] ?? ''
    if (char !== 'u') return ESCAPES[char] ?? this.fail('an escape is unknown')
    const digits = this.#text.slice(this.#at + 1, this.#at + 5)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail('an escape is unknown')
    this.#at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  #literal(): Json {
    const from = this.#at
    const word = this.#match(WORD)
    if (word === '') this.fail('a value is expected')
    NUMBER.lastIndex = from
    if (NUMBER.exec(this.#text)?.[0] === word && word !== '-0') return new JsonNumber(word)
    const lower = word.toLowerCase()
    if (lower === 'null') return null
    return lower === 'true' || lower === 'false' ? lower === 'true' : word
  }

  /** The text that a sticky expression takes here, which is passed; '' where it takes none. */
  #match(expression: RegExp): string {
    expression.lastIndex = this.#at
    const text = expression.exec(this.#text)?.[0] ?? ''
    this.#at += text.length
    return text
  }

  #skipTo(end: string, missing?: string): void {
    const found = this.#text.indexOf(end, this.#at + (end === '\n' ? 1 : 2))
    if (found < 0 && missing !== undefined) this.fail(missing)
    this.#at = found < 0 ? this.#text.length : found + end.length
  }
}
