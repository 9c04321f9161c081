/**
 * The bytes of a text as a string in JSON, without its quotes: what JSON.stringify makes of it, in UTF-8, but not made.
 * https://tc39.es/ecma262/#sec-quotejsonstring
 */
export function jsonStringBytes(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += ASCII_BYTES[unit]!
    else if (unit < 0x800) bytes += 2
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 3
    else if (unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4
      i++
    } else bytes += ESCAPE_BYTES
  }
  return bytes
}

/** `\u0000`, which half a surrogate pair becomes, too. */
const ESCAPE_BYTES = 6

const ASCII_BYTES = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const char = String.fromCharCode(code)
  return '"\\\b\t\n\f\r'.includes(char) ? 2 : code < 0x20 ? ESCAPE_BYTES : 1
})
