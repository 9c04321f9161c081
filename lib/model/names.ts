/** 1 for the characters below 128 that a name may have: a-z A-Z 0-9 - _ . / */
const NAME_ASCII = new Uint8Array(128)
for (const char of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./') {
  NAME_ASCII[char.charCodeAt(0)] = 1
}

/** Java's Character.isLetter for a UTF-16 code unit: halves of a surrogate pair are none, so only the basic plane's letters. */
const LETTER = /^\p{L}$/u

/**
 * Whether OpenTSDB allows a UTF-16 code unit in names.
 * @param unit 0 to 0xffff
 */
export function isNameUnit(unit: number): boolean {
  return unit < 128 ? NAME_ASCII[unit] === 1 : LETTER.test(String.fromCharCode(unit))
}

/**
 * Says what is wrong with a name of a metric, tag key or tag value.
 * @param what the subject: 'tag value with key [host]'
 * @param maxBytes UTF-8 bytes a name may have
 * @returns the reason in OpenTSDB's words, undefined where the name is good
 */
export function nameFault(what: string, name: string | null, maxBytes: number): string | undefined {
  if (name === null) return `Invalid ${what}: null`
  if (name === '') return `Invalid ${what}: empty string`
  // a UTF-16 code unit is at most three bytes of UTF-8
  if (name.length * 3 > maxBytes) {
    const bytes = Buffer.byteLength(name, 'utf8')
    if (bytes > maxBytes) return `Invalid ${what}: ${bytes} bytes, nameBytes allows ${maxBytes}`
  }
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    if (isNameUnit(unit)) continue
    const char = String.fromCodePoint(name.codePointAt(i) ?? unit)
    return `Invalid ${what} ("${name}"): illegal character: ${char}`
  }
  return undefined
}
