import { Agent, request } from 'node:http'

/** How long a request may take: longer than the gateway waits for a function. */
const TIMEOUT_MS = 35_000

/** How a request ended. */
export interface Answer {
  /** 0 where there was none. */
  readonly status: number
  readonly retryAfter: string | undefined
  readonly text: string
}

export interface Asked {
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly body?: Buffer
  readonly gzip?: boolean
}

/** Sends requests to a server on this machine, over connections that are kept. */
export class LoadClient {
  readonly #port: number
  readonly #agent: Agent

  constructor(port: number, connections: number) {
    this.#port = port
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** Never throws: what went wrong is a status of 0 with its reason as text. */
  send({ path, method = 'POST', body, gzip = false }: Asked): Promise<Answer> {
    return new Promise((resolve) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path,
          method,
          agent: this.#agent,
          timeout: TIMEOUT_MS,
          headers: {
            ...(body !== undefined && { 'content-type': 'application/json', 'content-length': body.length }),
            ...(gzip && { 'content-encoding': 'gzip' }),
          },
        },
        (response) => {
          const pieces: Buffer[] = []
          response.on('data', (piece: Buffer) => pieces.push(piece))
          response.on('error', (error) => resolve({ status: 0, retryAfter: undefined, text: error.message }))
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              retryAfter: response.headers['retry-after'],
              text: Buffer.concat(pieces).toString('utf8'),
            }),
          )
        },
      )
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)))
      outgoing.on('error', (error) => resolve({ status: 0, retryAfter: undefined, text: error.message }))
      outgoing.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
