import { BadRequestError, LimitExceededError } from '../model/errors.ts'
import { shownJson } from '../model/json.ts'
import { type Fields, textField, textMapField, wholeField } from '../model/json-fields.ts'
import type { Document } from '../store/documents.ts'

/** What a field of a document holds. */
type FieldType = 'text' | 'whole' | 'number' | 'custom'

/** The fields of a document that people write, and what each holds. */
export type FieldTypes = Readonly<Record<string, FieldType>>

const DEFAULTS: Readonly<Record<FieldType, unknown>> = { text: '', whole: 0, number: 'NaN', custom: null }

/**
 * The fields that a request sets. A field that says what holds without a document counts as not set, as in OpenTSDB: `""`
 * does not empty a text, PUT without the field does.
 * @throws BadRequestError naming a field that is not what it must be
 */
export function changesOf(types: FieldTypes, fields: Fields): Document {
  const set = Object.entries(types).map(([name, type]) => [name, readField(fields, name, type)] as const)
  return Object.fromEntries(set.filter(([name, value]) => value !== undefined && value !== DEFAULTS[types[name]!]))
}

function readField(fields: Fields, name: string, type: FieldType): unknown {
  switch (type) {
    case 'text':
      return textField(fields, name)
    case 'whole':
      return wholeField(fields, name)
    case 'custom':
      return textMapField(fields, name)
    case 'number':
      return numberOf(name, textField(fields, name))
  }
}

function numberOf(name: string, text: string | undefined): number | 'NaN' | undefined {
  if (text === undefined || text === '' || text === 'NaN') return text === undefined ? undefined : 'NaN'
  const number = Number(text)
  if (Number.isFinite(number)) return number
  throw new BadRequestError('document.number', `${name} must be a number, it is ${shownJson(text)}`)
}

/**
 * What a document is after a request.
 * @param overwrite whether what the request does not set is forgotten
 * @param maxBytes bytes that it may have as JSON
 * @throws LimitExceededError where it would be too large
 */
export function changed(
  before: Document | undefined,
  changes: Document,
  overwrite: boolean,
  maxBytes: number,
): Document {
  const after = overwrite ? changes : { ...before, ...changes }
  const bytes = Buffer.byteLength(JSON.stringify(after), 'utf8')
  if (bytes > maxBytes) {
    throw new LimitExceededError('documentBytes', maxBytes, bytes, 'bytes of a document as JSON')
  }
  return after
}

/** A document's fields, those that it does not have with what holds then. */
export function described(types: FieldTypes, document: Document | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(types).map(([name, type]) => [name, document?.[name] ?? DEFAULTS[type]]))
}
