const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Bytes of a text that are looked at one by one; where it is longer, its end is searched for. */
const SHORT_TEXT = 64

/**
 * The names of the tables, or of the stream, that a request in AWS's JSON protocol is about. They are looked for in its bytes: a batch
 * may be megabytes, which the emulator parses anyway, and parsing them twice would cost as much again.
 * @returns none where the request names none or is not JSON
 */
export function namesIn(body: Buffer): string[] {
  const names: string[] = []
  let depth = 0
  /** The last key of the outermost object. */
  let member = ''
  for (let at = 0; at < body.length; at++) {
    switch (body[at]) {
      case OPEN_OBJECT:
      case OPEN_LIST:
        depth++
        break
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        depth--
        break
      case QUOTE: {
        const end = endOfText(body, at)
        if (depth === 1) {
          if (isKey(body, end)) member = textOf(body, at, end)
          else if (member === 'TableName' || member === 'StreamName') return [textOf(body, at, end)]
          // arn:aws:kinesis:REGION:ACCOUNT:stream/NAME
          else if (member === 'StreamARN') return textOf(body, at, end).split('/').slice(1)
        } else if (depth === 2 && member === 'RequestItems' && isKey(body, end)) names.push(textOf(body, at, end))
        at = end
        break
      }
    }
  }
  return names
}

/**
 * @param start where its first quote is
 * @returns where its last quote is; the body's length where there is none
 */
function endOfText(body: Buffer, start: number): number {
  let at = start + 1
  while (at <= start + SHORT_TEXT) {
    if (body[at] === QUOTE) return at
    at += body[at] === BACKSLASH ? 2 : 1
  }
  for (;;) {
    const quote = body.indexOf(QUOTE, at)
    if (quote < 0) return body.length
    let backslashes = 0
    while (quote - backslashes > at && body[quote - backslashes - 1] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return quote
    at = quote + 1
  }
}

/** Whether a text is a key: a colon follows its end. */
function isKey(body: Buffer, end: number): boolean {
  let at = end + 1
  while (isSpace(body[at])) at++
  return body[at] === COLON
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}

/** Names need no escapes, and nobody writes them with any. */
function textOf(body: Buffer, start: number, end: number): string {
  return body.toString('utf8', start + 1, end)
}
