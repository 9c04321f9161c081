import { BadRequestError } from '../model/errors.ts'
import { folded } from '../store/documents.ts'

/** A part of a search: a field that is, or begins with, a text. */
export interface SearchTerm {
  readonly field: string
  /** '' with `whole` false: whatever the field says. */
  readonly text: string
  readonly whole: boolean
}

/** Terms of one search. */
const MAX_TERMS = 16

/**
 * Reads `field:text field:text* text`: texts with blanks stand in quotes, `*` at the end is for any continuation. All terms
 * must hold.
 * @param defaultField the field of a text that names none
 * @returns no terms for `*`, which is everything
 * @throws BadRequestError naming the term that can't be searched for
 */
export function parseTerms(query: string, defaultField: string): SearchTerm[] {
  const words = query.match(/(?:[^\s"]|"[^"]*")+/g) ?? []
  if (words.length > MAX_TERMS) throw new BadRequestError('search.terms', `More than ${MAX_TERMS} terms in a search`)
  return words
    .map((word) => parseTerm(word, defaultField))
    .filter(({ field, text, whole }) => whole || text !== '' || field !== defaultField)
}

function parseTerm(word: string, defaultField: string): SearchTerm {
  const [, field = defaultField, value = ''] = /^(?:([\w.\-/]+):)?(.*)$/s.exec(word) ?? []
  const whole = !value.endsWith('*')
  const text = (whole ? value : value.slice(0, -1)).replaceAll('"', '')
  if (text.includes('*') || /^(AND|OR|NOT)$/.test(word) || (whole && text === '')) {
    throw new BadRequestError('search.term', `Can't search for ${word}`, {
      details: 'A term is field:text or field:beginning*, and all terms must hold',
    })
  }
  return { field, text, whole }
}

/** Whether a text is what a term asks for, whatever its case. */
export function matches({ text, whole }: SearchTerm, value: string | undefined): boolean {
  if (value === undefined) return false
  return whole ? folded(value) === folded(text) : folded(value).startsWith(folded(text))
}

/** The text of a field, that of an inner one as `custom.NAME`; undefined where there is none. */
export function textAt(fields: Readonly<Record<string, unknown>>, path: string): string | undefined {
  const dot = path.indexOf('.')
  const value = Object.hasOwn(fields, dot < 0 ? path : path.slice(0, dot))
    ? fields[dot < 0 ? path : path.slice(0, dot)]
    : undefined
  if (dot < 0) return typeof value === 'string' && value !== '' ? value : undefined
  return typeof value === 'object' && value !== null ? textAt({ ...value }, path.slice(dot + 1)) : undefined
}
