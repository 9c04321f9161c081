import { BadRequestError } from './errors.ts'
import { parseSentJson, shownJson } from './json.ts'

/** A JSON object whose fields are not known to be of any type yet. */
export type Fields = Readonly<Record<string, unknown>>

// Readers of single fields take what OpenTSDB's JSON library does: numbers and booleans also as text, and null as absent. Each throws
// BadRequestError naming the field and the rule.

/**
 * Reads a body that must be one JSON object.
 * @throws BadRequestError where it is none
 */
export function parseObject(text: string): Fields {
  return objectOf(parseJson(text), 'The body')
}

/**
 * Reads a body that must be a list of JSON objects.
 * @throws BadRequestError where it is none
 */
export function parseObjects(text: string): Fields[] {
  const body = parseJson(text)
  if (!Array.isArray(body)) throw unreadable('The body must be a list of objects')
  return body.map((one) => objectOf(one, 'Each element of the list'))
}

function parseJson(text: string): unknown {
  if (text.trim() === '') throw new BadRequestError('body.missing', 'Missing message content')
  try {
    return parseSentJson(text)
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function objectOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable(`${what} must be an object`)
  return { ...value }
}

/** Text, or a number or a boolean as text. */
export function textField(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw unreadable(`${name} must be text`)
}

/** A whole number, also as text; '' is absent. */
export function wholeField(fields: Fields, name: string): number | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  const number = typeof value === 'string' && /^[+-]?\d+$/.test(value.trim()) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw unreadable(`${name} must be a whole number, it is ${shownJson(value)}`)
}

/** true or false, also as text; '' is absent. */
export function flagField(fields: Fields, name: string): boolean | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === 'false') return value === 'true'
  throw unreadable(`${name} must be true or false, it is ${shownJson(value)}`)
}

/** An object whose values are text. */
export function textMapField(fields: Fields, name: string): Record<string, string> | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  const map = objectOf(value, name)
  return Object.fromEntries(Object.keys(map).map((key) => [key, textField(map, key) ?? '']))
}

/** A list of texts. */
export function textListField(fields: Fields, name: string): string[] | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
  throw unreadable(`${name} must be a list of texts`)
}

function unreadable(details: string, cause?: unknown): BadRequestError {
  return new BadRequestError('body.json', 'Unable to parse the given JSON', { details, cause })
}
