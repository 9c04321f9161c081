export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json | undefined
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads JSON so that nothing is lost that is to be compared: integers of 16 digits and more, which a double can't hold,
 * become the text `#DIGITS`; a bare NaN or Infinity becomes a text, as the quoted one is.
 */
export function parseExactly(text: string): Json {
  return JSON.parse(
    text
      .replace(/([:[,]\s*)(-?\d{16,})(?=\s*[,}\]])/g, '$1"#$2"')
      .replace(/([:[,]\s*)(-?)(NaN|Infinity)(?=\s*[,}\]])/g, '$1"$2$3"'),
  )
}
