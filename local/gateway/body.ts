import type { IncomingMessage } from 'node:http'

/** What an HTTP API takes: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
export const REQUEST_BYTES = 10 * 1024 * 1024
/** Likewise, of a request's line and its headers together. */
export const HEAD_BYTES = 10_240

/** What became of receiving a body. */
export type Received =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | { readonly kind: 'tooLarge' }
  /** All bodies together take too much. */
  | { readonly kind: 'noRoom' }
  /** The client went away. */
  | { readonly kind: 'aborted' }

const NOTHING = Buffer.alloc(0)

/** Whether the client says itself that its body is too large. */
export function isTooLarge(request: IncomingMessage): boolean {
  return Number(request.headers['content-length'] ?? 0) > REQUEST_BYTES
}

/** Whether a request's line and headers are more than an HTTP API takes. @param request as it came over HTTP/1.1, so in Latin-1 */
export function isHeadTooLarge({ method = '', url = '', rawHeaders }: IncomingMessage): boolean {
  let bytes = `${method} ${url} HTTP/1.1\r\n`.length
  // A colon and a blank behind a name, the end of the line behind a value.
  for (const text of rawHeaders) bytes += text.length + 2
  return bytes > HEAD_BYTES
}

/** Counts the bytes of all bodies that are held, so that many large requests at once can't use up the memory. */
export class BodyRoom {
  readonly #bytes: number
  #held = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** @returns whether there was room */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#bytes) return false
    this.#held += bytes
    return true
  }

  give(bytes: number): void {
    this.#held -= bytes
  }
}

/**
 * Receives a body up to the limit; of a larger one nothing is kept.
 * @param room where the bytes are counted; those of a whole body are the caller's to give back
 */
export function receiveBody(request: IncomingMessage, room: BodyRoom): Promise<Received> {
  if (isTooLarge(request)) return Promise.resolve({ kind: 'tooLarge' })
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let length = 0
    let over = false
    const end = (received: Received) => {
      if (over) return
      over = true
      request.off('data', take)
      if (received.kind !== 'whole') room.give(length)
      pieces.length = 0
      resolve(received)
    }
    const take = (piece: Buffer) => {
      if (length + piece.length > REQUEST_BYTES) return end({ kind: 'tooLarge' })
      if (!room.take(piece.length)) return end({ kind: 'noRoom' })
      length += piece.length
      pieces.push(piece)
    }
    request.on('data', take)
    request.on('end', () => {
      const [first = NOTHING] = pieces
      end({ kind: 'whole', body: pieces.length <= 1 ? first : Buffer.concat(pieces, length) })
    })
    request.on('error', () => end({ kind: 'aborted' }))
    request.on('close', () => end({ kind: 'aborted' }))
  })
}
