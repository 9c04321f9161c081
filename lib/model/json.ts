/** Objects and arrays within each other, in a body that is not a put's. Nothing that is asked has more than a few. */
export const MAX_JSON_DEPTH = 100

/**
 * Parses JSON that somebody sent. What takes it apart may then recurse without looking how deep it goes.
 * @throws SyntaxError where it is none, or goes deeper than MAX_JSON_DEPTH
 */
export function parseSentJson(text: string): unknown {
  if (isDeeper(text, MAX_JSON_DEPTH)) throw new SyntaxError(`Values lie more than ${MAX_JSON_DEPTH} deep`)
  return JSON.parse(text)
}

/** Parses JSON. @returns undefined where it is none */
export function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether a value is an object with named fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Characters of a value that a message shows. */
const SHOWN_CHARACTERS = 100

/** A value as a message shows it: JSON, cut where it is long. */
export function shownJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Counts brackets, but for those in strings; of what is no JSON it may say anything. */
function isDeeper(text: string, most: number): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === QUOTE) i = endOfString(text, i)
    // [ and {, which differ in one bit, as ] and } do
    else if ((unit | 0x20) === 0x7b && ++depth > most) return true
    else if ((unit | 0x20) === 0x7d) depth--
  }
  return false
}

/** @returns the index of the quote that ends the string which begins at `at`, or the text's length */
function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === BACKSLASH) i++
    else if (unit === QUOTE) return i
  }
  return text.length
}
