import { parseSentJson } from '../model/json.ts'
import { BadExpressionError } from './errors.ts'

/** A JSON object whose fields are not known to be of any type yet. */
export type Fields = Readonly<Record<string, unknown>>

/**
 * The object that a text spells.
 * @throws BadExpressionError
 */
export function parseObject(text: string): Fields {
  let body: unknown
  try {
    body = parseSentJson(text)
  } catch (cause) {
    throw new BadExpressionError('Unable to parse the given JSON', cause instanceof Error ? cause.message : undefined)
  }
  return fieldsOf(body, 'the body')
}

/** @throws BadExpressionError where a value is no object */
export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new BadExpressionError(`${what} must be an object`)
}

/** The objects of a field, none where it is absent or null. @throws BadExpressionError where it is anything else */
export function objectsAt(fields: Fields, name: string): Fields[] {
  const value = fields[name]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new BadExpressionError(`${name} must be an array`)
  return value.map((each) => fieldsOf(each, `each of ${name}`))
}

/** Text, or a number as text; undefined where absent, null or empty. @throws BadExpressionError */
export function textAt(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new BadExpressionError(`${name} must be text or a number`)
}

/** A truth value, or it as text. @throws BadExpressionError */
export function flagAt(fields: Fields, name: string, otherwise: boolean): boolean {
  const value = fields[name]
  if (value === undefined || value === null) return otherwise
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === 'false') return value === 'true'
  throw new BadExpressionError(`${name} must be true or false`)
}
