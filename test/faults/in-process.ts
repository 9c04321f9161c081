import { EventEmitter } from 'node:events'
import type {
  IncomingMessage,
  OutgoingHttpHeader,
  OutgoingHttpHeaders,
  RequestListener,
  Server,
  ServerResponse,
} from 'node:http'

/** A request as the SDK gives it to what sends it. */
interface SdkRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

interface SdkResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** The emulators look whether there is a signature, and not at what it says. */
const SIGNED = {
  authorization: 'AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none',
  'x-amz-date': '20260101T000000Z',
}

/** Takes the place of signing, which takes more time than most requests do here. */
export const UNSIGNED = { sign: async <T>(request: T): Promise<T> => request }

/**
 * What a client of the SDK sends its requests by: to an emulator of this process, without a connection. What is sent and answered is the
 * same; runs take less than half the time, and nothing but the run decides when something is answered.
 */
export function sendInProcess(server: Server): object {
  const [listener] = server.listeners('request') as RequestListener[]
  if (listener === undefined) throw new Error('The emulator has no request handler')
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request: SdkRequest) => ({ response: await answer(listener, request) }),
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    destroy: () => {},
  }
}

function answer(listener: RequestListener, { method, path, headers, body }: SdkRequest): Promise<SdkResponse> {
  return new Promise((resolve) => {
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const request = Object.assign(new EventEmitter(), { method, url: path, headers: { ...lower, ...SIGNED } })
    const response = new Answer(resolve)
    // The emulators use these members and events of a request and an answer and no others.
    listener(request as unknown as IncomingMessage, response as unknown as ServerResponse<IncomingMessage>)
    if (typeof body === 'string') request.emit('data', Buffer.from(body))
    else if (body !== undefined) request.emit('data', Buffer.from(body.buffer, body.byteOffset, body.byteLength))
    request.emit('end')
  })
}

/** What an emulator writes its answer to. */
class Answer extends EventEmitter {
  statusCode = 200
  closed = false
  readonly #headers: Record<string, string> = {}
  readonly #send: (response: SdkResponse) => void

  constructor(send: (response: SdkResponse) => void) {
    super()
    this.#send = send
  }

  setHeader(name: string, value: OutgoingHttpHeader): void {
    this.#headers[name.toLowerCase()] = String(value)
  }

  writeHead(statusCode: number, headers: OutgoingHttpHeaders = {}): void {
    this.statusCode = statusCode
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.setHeader(name, value)
  }

  end(body: string | Uint8Array = ''): void {
    const { statusCode } = this
    this.closed = true
    this.#send({ statusCode, headers: this.#headers, body: typeof body === 'string' ? Buffer.from(body) : body })
  }
}
