import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { codeOf, messageOf, PortError, RunnerError } from '../errors.ts'
import type { FunctionPool, PoolOutcome } from '../functions/pool.ts'
import type { Log } from '../log.ts'
import { Site } from '../site.ts'
import type { ApiModel, RouteModel } from '../template/index.ts'
import { isOwnName } from './address.ts'
import { answerOf, GATEWAY_ANSWERS, type GatewayAnswer, LAMBDA_PAYLOAD_BYTES } from './answer.ts'
import { Authorizer, type CallerContext, OPEN_CONTEXT, type Verdict } from './authorizer.ts'
import { BodyRoom, isHeadTooLarge, isTooLarge, receiveBody } from './body.ts'
import { corsHeaders, preflightAnswer } from './cors.ts'
import { type ArrivedRequest, buildEvent, type GatewayEvent, parseAddress } from './event.ts'
import { Router } from './routes.ts'
import { limitsOf, TelnetFront } from './telnet.ts'

export const LOOPBACK = '127.0.0.1'
/** A client may take this long to send a request, and is cut off then. */
const REQUEST_TIMEOUT_MS = 60_000
/** Bodies that are being received or wait for a function, all together; the cloud has more machines instead. */
const HELD_BYTES = 256 * 1024 * 1024
/** A request waits this long at most for a function to take it on; Lambda's callers are turned away at once. */
const MOST_WAIT_MS = 10_000
/** After a refusal, this long may pass until the client has sent what it wanted to; some read the answer only then. */
const LINGER_MS = 5_000

/** What the gateway calls. */
interface Backend {
  readonly api: ApiModel
  readonly router: Router
  readonly pools: ReadonlyMap<string, FunctionPool>
  /** By logical id; undefined where everybody may do everything. */
  readonly authorizers: ReadonlyMap<string, Authorizer> | undefined
  /** Told of each call that a function answered. */
  readonly onCalled: (route: RouteModel) => void
}

/** How requests are served. */
export interface ServeOptions {
  /** Told of each call that a function answered. */
  readonly onCalled?: (route: RouteModel) => void
  /** Whether the API's authorizers are asked, as in the cloud; else functions are told that every caller may do everything. @default false */
  readonly auth?: boolean
}

const REFUSALS = { tooLarge: GATEWAY_ANSWERS.tooLarge, noRoom: GATEWAY_ANSWERS.unavailable } as const

/** Connections that may be open at once, or wait to be taken; the system refuses more. */
const MOST_CONNECTIONS = 4096
const NO_BODY = Buffer.alloc(0)

/** An HTTP API on the loopback address, and telnet on the same port. */
export class Gateway {
  readonly port: number
  readonly #server: Server
  readonly #log: Log
  readonly #room = new BodyRoom(HELD_BYTES)
  readonly #running = new Set<Promise<void>>()
  readonly #site = new Site()
  readonly #telnet: TelnetFront
  #backend: Backend | undefined
  #start: () => void = () => undefined
  /** Until then requests wait: who starts a server and asks it at once gets its answer and no refusal. */
  readonly #started = new Promise<void>((resolve) => {
    this.#start = resolve
  })

  private constructor(server: Server, port: number, log: Log) {
    this.#server = server
    this.port = port
    this.#log = log
    server.maxConnections = MOST_CONNECTIONS
    this.#telnet = new TelnetFront(server, log)
    const handle = (request: IncomingMessage, response: ServerResponse) => this.#handle(request, response)
    server.on('request', handle)
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      // A body that will be refused need not be sent.
      if (!isTooLarge(request)) response.writeContinue()
      handle(request, response)
    })
  }

  /**
   * Takes the port; requests wait until `serve` is called.
   * @param port 0 for any free one
   * @param host the address to listen on
   * @throws PortError where it is taken or may not be used
   */
  static async listen(port: number, log: Log, host = LOOPBACK): Promise<Gateway> {
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: 65_000 })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(portError(port, error)))
      server.listen({ port, host, backlog: MOST_CONNECTIONS }, resolve)
    })
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new PortError(`Port ${port} has no address`)
    return new Gateway(server, address.port, log)
  }

  /** Starts to route requests. */
  serve(
    api: ApiModel,
    pools: ReadonlyMap<string, FunctionPool>,
    { onCalled = () => undefined, auth = false }: ServeOptions = {},
  ): void {
    const authorizers = auth ? authorizersOf(api, pools) : undefined
    const backend = { api, router: new Router(api.routes), pools, authorizers, onCalled }
    this.#backend = backend
    this.#start()
    const put = backend.router.match('POST', '/api/put')
    this.#telnet.serve(
      limitsOf(pools.get(put?.route.functionId ?? '')?.model.environment ?? {}),
      (method, url, text) => {
        const body = text === '' ? NO_BODY : Buffer.from(text)
        const request = { method, url, httpVersion: '1.1', rawHeaders: [], sourceIp: LOOPBACK, body }
        return this.#call(backend, request, randomUUID())
      },
    )
  }

  /** Stops accepting and waits until what was accepted is answered. */
  async close(): Promise<void> {
    // Connections that are open may still bring requests; these are answered 503.
    this.#backend = undefined
    this.#start()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await this.#telnet.close()
    await Promise.all(this.#running)
    this.#server.closeAllConnections()
    await closed
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const answering = this.#site.takes(request) ? this.#site.answer(request, response) : this.#answer(request, response)
    const running = answering.catch((error: unknown) => {
      this.#log.error(error instanceof Error ? (error.stack ?? error.message) : messageOf(error))
      if (!response.headersSent) send(request, response, GATEWAY_ANSWERS.internalError, randomUUID(), [])
    })
    this.#running.add(running)
    void running.then(() => this.#running.delete(running))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away while it is answered is its own affair.
    response.on('error', () => undefined)
    const requestId = randomUUID()
    await this.#started
    const backend = this.#backend
    if (backend === undefined) return refuse(request, response, GATEWAY_ANSWERS.unavailable, requestId, [])

    const cors = corsHeaders(backend.api.cors, request.headers.origin)
    if (backend.authorizers === undefined && !isOwnName(request.headers.host)) {
      return refuse(request, response, GATEWAY_ANSWERS.otherHost, requestId, [])
    }
    if (isHeadTooLarge(request)) return refuse(request, response, GATEWAY_ANSWERS.headTooLarge, requestId, cors)
    const received = await receiveBody(request, this.#room)
    if (received.kind === 'aborted') return
    if (received.kind !== 'whole') return refuse(request, response, REFUSALS[received.kind], requestId, cors)
    try {
      const answer =
        preflightAnswer(backend.api.cors, request) ??
        (await this.#call(backend, arrived(request, received.body), requestId))
      send(request, response, answer, requestId, cors)
      this.#log.debug(`${request.method} ${request.url} ${answer.status}`)
    } finally {
      this.#room.give(received.body.length)
    }
  }

  async #call(backend: Backend, request: ArrivedRequest, requestId: string): Promise<GatewayAnswer> {
    const address = parseAddress(request.url)
    if (address === undefined) return GATEWAY_ANSWERS.badRequest
    const match = backend.router.match(request.method, address.path)
    const pool = match && backend.pools.get(match.route.functionId)
    if (match === undefined || pool === undefined) return GATEWAY_ANSWERS.notFound

    const asked = buildEvent(request, address, match, backend.api.logicalId, requestId, Date.now())
    const verdict = await admit(backend, match.route, asked)
    if (verdict.kind === 'refused') return verdict.answer
    const event = withCaller(asked, verdict.context)
    if (passesLambdaLimit(event)) return GATEWAY_ANSWERS.tooLarge
    const outcome = await within(match.route.timeoutMs, pool.call(event, MOST_WAIT_MS))
    backend.onCalled(match.route)
    return answerFor(outcome)
  }
}

/** @throws RunnerError where an authorizer's function is not there */
function authorizersOf(api: ApiModel, pools: ReadonlyMap<string, FunctionPool>): Map<string, Authorizer> {
  const authorizers = (api.authorizers ?? []).map((model): [string, Authorizer] => {
    const pool = pools.get(model.functionId)
    if (pool === undefined) throw new RunnerError(`The template has no function ${model.functionId}`)
    return [model.logicalId, new Authorizer(model, pool)]
  })
  return new Map(authorizers)
}

/** Asks the route's authorizer, where there is one to be asked. */
async function admit({ authorizers }: Backend, { authorizerId }: RouteModel, event: GatewayEvent): Promise<Verdict> {
  if (authorizers === undefined) return { kind: 'allowed', context: OPEN_CONTEXT }
  if (authorizerId === undefined) return { kind: 'allowed', context: undefined }
  const authorizer = authorizers.get(authorizerId)
  return authorizer?.decide(event) ?? { kind: 'refused', answer: GATEWAY_ANSWERS.internalError }
}

/** The event with what is known of the caller; undefined: nobody was asked. */
function withCaller(event: GatewayEvent, context: CallerContext | null | undefined): GatewayEvent {
  if (context === undefined) return event
  return { ...event, requestContext: { ...event.requestContext, authorizer: { lambda: context } } }
}

function arrived(request: IncomingMessage, body: Buffer): ArrivedRequest {
  const { method = 'GET', url = '/', httpVersion, rawHeaders, socket } = request
  return { method, url, httpVersion, rawHeaders, sourceIp: socket.remoteAddress ?? LOOPBACK, body }
}

function answerFor(outcome: PoolOutcome | 'late'): GatewayAnswer {
  if (outcome === 'late' || outcome.kind === 'throttled') return GATEWAY_ANSWERS.unavailable
  return outcome.kind === 'answer' ? answerOf(outcome.payload, outcome.body) : GATEWAY_ANSWERS.internalError
}

/** Lambda counts the bytes of the event's JSON; a byte of body becomes six at most, so that most bodies need no counting. */
function passesLambdaLimit(event: GatewayEvent): boolean {
  const length = event.body?.length ?? 0
  return length * 6 > LAMBDA_PAYLOAD_BYTES / 2 && Buffer.byteLength(JSON.stringify(event)) > LAMBDA_PAYLOAD_BYTES
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: GatewayAnswer,
  requestId: string,
  more: readonly (readonly [string, string])[],
): void {
  if (response.destroyed) return
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  const headers: string[] = ['apigw-requestid', requestId]
  for (const [name, value] of answer.headers) headers.push(name, value)
  for (const [name, value] of more) headers.push(name, value)
  const hasNoBody = answer.status === 204 || answer.status === 304
  if (!hasNoBody) headers.push('content-length', String(body.length))
  response.writeHead(answer.status, headers)
  response.end(hasNoBody || request.method === 'HEAD' ? undefined : body)
}

/** Answers and throws away what is still coming: a connection closed at once would take the answer with it. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  answer: GatewayAnswer,
  requestId: string,
  cors: readonly (readonly [string, string])[],
): void {
  send(request, response, answer, requestId, [...cors, ['connection', 'close']])
  const timer = setTimeout(() => request.destroy(), LINGER_MS)
  request.on('error', () => undefined)
  request.on('close', () => clearTimeout(timer))
  request.resume()
}

function portError(port: number, error: Error): PortError {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new PortError(`Port ${port} is taken: choose another with --port`, { cause: error })
    case 'EACCES':
      return new PortError(`Port ${port} may not be used by this user: choose another with --port`, { cause: error })
    default:
      return new PortError(`Can't listen on port ${port}: ${error.message}`, { cause: error })
  }
}
