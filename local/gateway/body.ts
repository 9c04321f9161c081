import type { IncomingMessage } from 'node:http'

/** What an HTTP API takes: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
export const REQUEST_BYTES = 10 * 1024 * 1024

/** What became of receiving a body. */
export type Received =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | { readonly kind: 'tooLarge' }
  /** The client went away. */
  | { readonly kind: 'aborted' }

const NOTHING = Buffer.alloc(0)

/** Whether the client says itself that its body is too large. */
export function isTooLarge(request: IncomingMessage): boolean {
  return Number(request.headers['content-length'] ?? 0) > REQUEST_BYTES
}

/** Receives a body up to the limit; of a larger one nothing is kept. */
export function receiveBody(request: IncomingMessage): Promise<Received> {
  if (isTooLarge(request)) return Promise.resolve({ kind: 'tooLarge' })
  return new Promise((resolve) => {
    let pieces: Buffer[] = []
    let length = 0
    const take = (piece: Buffer) => {
      length += piece.length
      if (length > REQUEST_BYTES) {
        pieces = []
        request.off('data', take)
        resolve({ kind: 'tooLarge' })
      } else pieces.push(piece)
    }
    request.on('data', take)
    request.on('end', () => {
      const [first = NOTHING] = pieces
      resolve({ kind: 'whole', body: pieces.length <= 1 ? first : Buffer.concat(pieces, length) })
    })
    request.on('error', () => resolve({ kind: 'aborted' }))
    request.on('close', () => resolve({ kind: 'aborted' }))
  })
}
