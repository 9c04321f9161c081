import { once } from 'node:events'
import { createGzip, gzipSync } from 'node:zlib'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { AnswerTooLargeError } from './errors.ts'
import { jsonStringBytes } from './json-bytes.ts'
import type { HttpAnswer } from './types.ts'

/** Lambda passes on 6 MB of JSON at most; headers and the wrapping get the rest. */
const RESULT_BYTES = 6 * 1024 * 1024 - 16 * 1024

/** What RESULT_BYTES of base64 hold. */
const PACKED_BYTES = Math.floor(RESULT_BYTES / 4) * 3

/** What others stored comes back in answers: browsers are to take it for what its type says, and for nothing else. */
const ALWAYS = { 'content-type': 'application/json; charset=UTF-8', 'x-content-type-options': 'nosniff' }

/** Below this an answer fits into a packet or two and gzip saves nothing. */
const GZIP_FROM_BYTES = 1024

/** JSON of numbers shrinks little more at higher levels, which take several times as long. */
const GZIP_LEVEL = 1

/**
 * Makes the gateway's result (payload format 2.0) of an answer, gzipped where the client takes it and it is worth it. A body
 * that comes in pieces is packed piece by piece: neither its text nor what is packed is held beyond what Lambda passes on.
 * @param acceptEncoding the request's header of that name
 * @throws AnswerTooLargeError where the answer, packed if that is accepted, is more than Lambda passes on; what comes behind
 *   is then not asked for any more
 * @throws whatever making the pieces throws
 */
export async function gatewayResult(
  answer: HttpAnswer,
  acceptEncoding: string | undefined,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { status, body = '' } = answer
  const pieces = new Pieces(typeof body === 'string' ? [body] : body)
  if (pieces.first === '') return { statusCode: status, headers: { ...answer.headers } }
  const headers = { ...ALWAYS, ...answer.headers }
  if (!acceptsGzip(acceptEncoding) || (pieces.isWhole && pieces.first.length < GZIP_FROM_BYTES)) {
    return { statusCode: status, headers, body: join(pieces) }
  }
  const packed = pieces.isWhole ? gzipSync(pieces.first, { level: GZIP_LEVEL }) : await pack(pieces)
  if (packed.length > PACKED_BYTES) throw new AnswerTooLargeError(true)
  return {
    statusCode: status,
    headers: { ...headers, 'content-encoding': 'gzip', vary: 'accept-encoding' },
    body: packed.toString('base64'),
    isBase64Encoded: true,
  }
}

/** A body's pieces, of which the first is made already. */
class Pieces implements Iterable<string> {
  readonly first: string
  /** Whether there is but the first. */
  readonly isWhole: boolean
  readonly #rest: Iterator<string>
  readonly #second: string | undefined

  constructor(body: Iterable<string>) {
    this.#rest = body[Symbol.iterator]()
    this.first = this.#next() ?? ''
    this.#second = this.#next()
    this.isWhole = this.#second === undefined
  }

  /** Once. */
  *[Symbol.iterator](): Generator<string, void, undefined> {
    try {
      yield this.first
      for (let piece = this.#second; piece !== undefined; piece = this.#next()) yield piece
    } finally {
      this.#rest.return?.()
    }
  }

  #next(): string | undefined {
    const next = this.#rest.next()
    return next.done === true ? undefined : next.value
  }
}

/** @throws AnswerTooLargeError as soon as there is more than Lambda passes on */
function join(pieces: Iterable<string>): string {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length > RESULT_BYTES) throw new AnswerTooLargeError(false)
  }
  if (!fits(text)) throw new AnswerTooLargeError(false)
  return text
}

/** @throws AnswerTooLargeError as soon as there is more than Lambda passes on */
async function pack(pieces: Iterable<string>): Promise<Buffer> {
  const gzip = createGzip({ level: GZIP_LEVEL, chunkSize: 2 ** 16 })
  const packed: Buffer[] = []
  let bytes = 0
  gzip.on('data', (piece: Buffer) => {
    bytes += piece.length
    packed.push(piece)
  })
  try {
    for (const piece of pieces) {
      if (!gzip.write(piece)) await once(gzip, 'drain')
      if (bytes > PACKED_BYTES) throw new AnswerTooLargeError(true)
    }
    const ended = once(gzip, 'end')
    gzip.end()
    await ended
  } finally {
    gzip.destroy()
  }
  return Buffer.concat(packed, bytes)
}

/** Whether a text within JSON is no more than Lambda passes on; counted only where that is not clear from its length. */
function fits(text: string): boolean {
  if (text.length * 6 <= RESULT_BYTES) return true
  // Of ASCII characters only those below the blank may take more than two bytes.
  const isPlain = text.length * 2 <= RESULT_BYTES && Buffer.byteLength(text) === text.length && !CONTROL.test(text)
  return isPlain || jsonStringBytes(text) <= RESULT_BYTES
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\0-\x1f]/

/** RFC 9110 12.5.3: gzip is listed, or `*` is, without a weight of 0. */
function acceptsGzip(acceptEncoding = ''): boolean {
  for (const item of acceptEncoding.toLowerCase().split(',')) {
    const [name, weight] = item.split(';').map((part) => part.trim())
    if (name === 'gzip' || name === 'x-gzip' || name === '*') return !/^q=0(\.0*)?$/.test(weight ?? '')
  }
  return false
}
