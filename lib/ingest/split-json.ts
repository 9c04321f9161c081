import { CLOSE_ARRAY, CLOSE_OBJECT, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from './json-scanner.ts'

const NEWLINE = 10
const BACKSLASH = 92

/** @returns the index past the object or array that opens at `start`, past its line's end if a string breaks off there, -1 if it never closes */
function endOfValue(text: string, start: number): number {
  let depth = 0
  let inString = false
  for (let i = start; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (inString) {
      if (char === BACKSLASH) i++
      else if (char === QUOTE) inString = false
      else if (char === NEWLINE) return i
    } else if (char === QUOTE) inString = true
    else if (char === OPEN_OBJECT || char === OPEN_ARRAY) depth++
    else if ((char === CLOSE_OBJECT || char === CLOSE_ARRAY) && --depth === 0) return i + 1
  }
  return -1
}

/**
 * Cuts a text into its top-level JSON values: one value, values a line each, or values one after the other as a
 * Firehose joins them. It looks at brackets and quotes alone; what a piece holds is for the piece's reader to judge, so that one
 * bad line leaves the others good. Takes time linear in the text whatever is in it.
 */
export function splitJsonValues(text: string): string[] {
  const pieces: string[] = []
  let at = 0
  let byLine = false
  while (at < text.length) {
    const first = text.charCodeAt(at)
    if (first === 32 || (first >= 9 && first <= 13)) {
      at++
      continue
    }
    let end = -1
    if (!byLine && (first === OPEN_OBJECT || first === OPEN_ARRAY)) {
      end = endOfValue(text, at)
      // Where something never closes, lines are the only boundaries left.
      byLine = end === -1
    }
    if (end === -1) end = text.indexOf('\n', at)
    if (end === -1) end = text.length
    pieces.push(text.slice(at, end).trimEnd())
    at = end
  }
  return pieces
}
