import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  JsonScanner,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './json-scanner.ts'

/** A JSON number as it was written: a 64-bit integer must not pass through a double on its way in. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** An object is a Map, so that a member called `__proto__` is a member like any other; the last of equal names wins. */
export type Json = string | boolean | null | JsonNumber | JsonArray | JsonObject
export type JsonArray = readonly Json[]
export type JsonObject = ReadonlyMap<string, Json>

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map
}

/**
 * Reads one JSON value and keeps its numbers as text: for documents whose members are not known beforehand, such as a
 * device's message. Put bodies, whose members are, have a parser that builds nothing in between.
 * @param maxDepth levels of objects and arrays that are allowed
 * @throws UnreadablePutError saying what was wanted where
 */
export function parseExactJson(text: string, maxDepth: number): Json {
  const scanner = new JsonScanner(text, maxDepth)
  const value = readValue(scanner, maxDepth)
  if (!Number.isNaN(scanner.peek())) scanner.fail('The end wanted')
  return value
}

/** @param depth levels that may still open */
function readValue(scanner: JsonScanner, depth: number): Json {
  switch (scanner.peek()) {
    case QUOTE:
      return scanner.string()
    case OPEN_OBJECT:
      return readObject(scanner, depth)
    case OPEN_ARRAY:
      return readArray(scanner, depth)
    case LETTER_T:
      scanner.literal('true')
      return true
    case LETTER_F:
      scanner.literal('false')
      return false
    case LETTER_N:
      scanner.literal('null')
      return null
    default:
      scanner.number()
      return new JsonNumber(scanner.numberText())
  }
}

function readObject(scanner: JsonScanner, depth: number): JsonObject {
  const members = new Map<string, Json>()
  readList(scanner, depth, CLOSE_OBJECT, 'A comma or } wanted', () => {
    if (scanner.peek() !== QUOTE) scanner.fail('A field name wanted')
    const name = scanner.string()
    scanner.expect(COLON, 'A colon wanted')
    members.set(name, readValue(scanner, depth - 1))
  })
  return members
}

function readArray(scanner: JsonScanner, depth: number): JsonArray {
  const items: Json[] = []
  readList(scanner, depth, CLOSE_ARRAY, 'A comma or ] wanted', () => items.push(readValue(scanner, depth - 1)))
  return items
}

function readList(scanner: JsonScanner, depth: number, close: number, wanted: string, readItem: () => void): void {
  if (depth === 0) scanner.fail('No deeper nesting wanted')
  scanner.at++
  if (scanner.peek() === close) {
    scanner.at++
    return
  }
  for (;;) {
    readItem()
    if (scanner.peek() === close) {
      scanner.at++
      return
    }
    scanner.expect(COMMA, wanted)
  }
}
