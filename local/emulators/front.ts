import { EventEmitter } from 'node:events'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { MessagePort } from 'node:worker_threads'
import { messageOf } from '../errors.ts'
import type { GuardedRequest } from '../iam/guard.ts'
import type { FromEmulator } from './protocol.ts'

/** What stands between an emulator and its clients. */
export interface Front {
  /** Looks at a request before the emulator does. @returns the body of AWS's error, to answer instead */
  refuse?(request: GuardedRequest): object | undefined
  /** Sees every request that was answered. */
  onAnswered?(request: GuardedRequest, status: number): void
}

/** A request takes milliseconds; one that failed within the emulator is never answered. */
const LONGEST_REQUEST_MS = 5_000

/**
 * Puts itself between an emulator's HTTP server and its request handler and hands the handler whole bodies. Both emulators
 * append each piece of a body to a copy of all before, which takes a 10 MB batch longer to receive than to store, both end
 * their process when a client goes away in the middle of a body, and both close their store under requests whose client has
 * gone away, which leaves them half done and ends the process.
 * @returns stops the server: takes no further request, finishes those it has, then closes the store
 */
export function frontEmulator(server: Server, front: Front = {}): () => Promise<void> {
  const [handle] = server.listeners('request') as RequestListener[]
  if (handle === undefined) throw new Error('The emulator has no request handler')
  const underWay = new Set<ServerResponse>()
  let stopping: (() => void) | undefined
  const ended = (response: ServerResponse) => {
    underWay.delete(response)
    if (underWay.size === 0) stopping?.()
  }
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    // The client went away: there is nobody to answer.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    request.on('end', () => {
      if (stopping !== undefined) {
        request.socket.destroy()
        return
      }
      const [only] = pieces
      const body = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
      const target = request.headers['x-amz-target']
      if (typeof target === 'string') {
        const guarded = { target, authorization: request.headers.authorization, body }
        const error = front.refuse?.(guarded)
        if (error !== undefined) {
          response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
          response.end(JSON.stringify(error))
          return
        }
        response.on('finish', () => front.onAnswered?.(guarded, response.statusCode))
      }
      underWay.add(response)
      // The end of the work: where the client has gone away, the response was closed before.
      const end = response.end.bind(response)
      response.end = ((...args: Parameters<typeof end>) => {
        end(...args)
        if (response.closed) ended(response)
        else response.once('close', () => ended(response))
        return response
      }) as typeof response.end
      const whole = Object.assign(new EventEmitter(), {
        method: request.method,
        url: request.url,
        headers: request.headers,
      })
      // The handlers look at these members and events of a request and at no others.
      handle(
        whole as unknown as IncomingMessage & { req: IncomingMessage },
        response as ServerResponse<IncomingMessage> & { req: IncomingMessage },
      )
      if (body.length > 0) whole.emit('data', body)
      whole.emit('end')
    })
  })
  return async () => {
    await new Promise<void>((resolve) => {
      stopping = resolve
      if (underWay.size === 0) resolve()
      setTimeout(resolve, LONGEST_REQUEST_MS).unref()
    })
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

/**
 * Starts listening on any port and tells the runner; stops when told so.
 * @param stop stops the server
 */
export function serveEmulator(server: Server, port: MessagePort, stop: () => Promise<void>): void {
  const say = (message: FromEmulator) => port.postMessage(message)
  process.on('uncaughtException', (error) => say({ type: 'failed', message: messageOf(error) }))
  process.on('unhandledRejection', (error) => say({ type: 'failed', message: messageOf(error) }))
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (typeof address === 'object' && address !== null) say({ type: 'listening', port: address.port })
  })
  port.on('message', (message: { type: string }) => {
    if (message.type !== 'close') return
    void stop().then(() => {
      say({ type: 'closed' })
      port.close()
    })
  })
}
