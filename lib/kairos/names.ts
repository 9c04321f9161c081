import { isNameUnit } from '../model/names.ts'

// KairosDB allows any text as a name, OpenTSDB letters, digits and `-_./`. The store has one name for each, in OpenTSDB's
// characters: what these can't say is escaped as `_x20_`, the code point in hex. Every text has one such name, every such name
// is that of one text, and names that either side can write are mostly the same on both: docs/api/kairos.md has the rule.

const UNDERSCORE = 0x5f
const LETTER_X = 0x78

/** A name is a sort key, which has 1,024 bytes. */
const MAX_NAME_UNITS = 1024

/** An escape, wherever the search starts. No code point has more than six digits, and leading zeros are no escape. */
const ESCAPE = /_x([1-9A-F][0-9A-F]{0,5}|0)_/y

/**
 * The name under which the store keeps a name of KairosDB's. Names of OpenTSDB's characters stay as they are, unless an
 * underscore in them would be read as the beginning of an escape: then it is escaped itself.
 * @param name well-formed Unicode; one that is longer than any name can be is left as it is
 */
export function storedName(name: string): string {
  if (name.length > MAX_NAME_UNITS || isPlain(name)) return name
  // From the end: whether an underscore begins an escape depends on what follows it.
  let stored = ''
  const points = [...name]
  for (let i = points.length - 1; i >= 0; i--) {
    const char = points[i]!
    const code = char.codePointAt(0)!
    const plain = isNameCharacter(code) && !(code === UNDERSCORE && escapeAt(`_${stored}`, 0) !== undefined)
    stored = (plain ? char : escapeOf(code)) + stored
  }
  return stored
}

/** The mirror of storedName: of every name that the store can keep. */
export function kairosName(stored: string): string {
  if (!stored.includes('_x')) return stored
  let name = ''
  for (let at = 0; at < stored.length; ) {
    const escaped = stored.charCodeAt(at) === UNDERSCORE ? escapeAt(stored, at) : undefined
    name += escaped === undefined ? stored.charAt(at) : String.fromCodePoint(escaped.code)
    at = escaped?.end ?? at + 1
  }
  return name
}

/** A name of OpenTSDB's characters without anything that looks like an escape. */
function isPlain(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    if (!isNameUnit(unit) || (unit === UNDERSCORE && name.charCodeAt(i + 1) === LETTER_X)) return false
  }
  return true
}

/** Beyond the basic plane OpenTSDB sees two halves, neither of which is a letter. */
function isNameCharacter(code: number): boolean {
  return code <= 0xffff && isNameUnit(code)
}

function escapeOf(code: number): string {
  return `_x${code.toString(16).toUpperCase()}_`
}

/**
 * The escape that begins at an index. One of a character that needs none is no escape, so that each text has one name.
 * @returns the code point, and the index behind the escape
 */
function escapeAt(stored: string, at: number): { code: number; end: number } | undefined {
  let first: { code: number; end: number } | undefined
  // An escaped underscore is one only where a bare one would begin an escape: the underscore that ends it and what follows.
  for (let from = at; ; ) {
    ESCAPE.lastIndex = from
    const match = ESCAPE.exec(stored)
    if (match === null) return undefined
    const code = Number.parseInt(match[1]!, 16)
    const end = ESCAPE.lastIndex
    first ??= { code, end }
    if (code === UNDERSCORE) from = end - 1
    else return code <= 0x10ffff && !isSurrogate(code) && !isNameCharacter(code) ? first : undefined
  }
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff
}
