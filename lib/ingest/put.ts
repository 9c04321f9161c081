import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PackedPart, packParts } from '../codec/stream-record.ts'
import { UnavailableError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { Ack } from '../store/ack.ts'
import { echoBatchPoint } from './point-echo.ts'
import type { PointStream } from './point-stream.ts'
import { type MetricRule, type ParsedPut, type PointError, parsePutBody } from './put-json.ts'

/** Where the consumer leaves word of a put; AckStore of lib/store is one. */
export interface AckReader {
  /** @returns undefined until all records of the put are worked off */
  read(id: Uint8Array): Promise<Ack | undefined>
}

export interface PutDeps {
  readonly stream: Pick<PointStream, 'put'>
  /** Only asked for when a put waits. */
  readonly acks: () => AckReader
  readonly limits: Limits
}

export interface PutRequest {
  /** The body, JSON. */
  readonly text: string
  /** Of which metrics the caller may put points; absent: of all. */
  readonly mayPut?: MetricRule
  /** Milliseconds from now until the points should be stored and readable; absent: not to wait for that. */
  readonly syncTimeoutMs?: number
}

/** What became of a put's points. */
export interface PutReport {
  /** Points in the request. */
  readonly received: number
  /** On the stream; of a put that waits, stored and readable. */
  readonly stored: number
  /** Refused for what they are. Listed in `errors`. */
  readonly refused: number
  /** Turned away by the stream. Listed in `errors`. */
  readonly unavailable: number
  /** On the stream, but not acknowledged in time. Listed in `errors`. */
  readonly timedOut: number
  /** In the request's order. */
  readonly errors: readonly PointError[]
}

/** Milliseconds between two looks for the acknowledgement: at first, and at most. */
const FIRST_POLL_MS = 20
const LONGEST_POLL_MS = 250

/**
 * Checks the points of a request and puts the good ones on the stream. A point counts as stored only once the stream has it,
 * or, where the request waits, once the consumer says so.
 *
 * @throws what parsePutBody throws, with nothing put on the stream
 * @throws StreamRefusedError
 */
export async function put(deps: PutDeps, request: PutRequest): Promise<PutReport> {
  const begun = performance.now()
  return storePut(deps, parsePutBody(request.text, deps.limits, request.mayPut), request.syncTimeoutMs, begun)
}

/**
 * Puts the points of a request on the stream, whatever its form was.
 * @param syncTimeoutMs as PutRequest has it
 * @param begun when the request came, on performance.now()'s clock
 * @throws StreamRefusedError
 */
export async function storePut(
  deps: Omit<PutDeps, 'limits'>,
  parsed: ParsedPut,
  syncTimeoutMs: number | undefined,
  begun: number,
): Promise<PutReport> {
  const outcome = new Outcome(parsed)
  const count = parsed.batch.points.count
  if (count === 0) return outcome.report()

  const syncId = syncTimeoutMs === undefined ? undefined : randomBytes(16)
  const parts = packParts(parsed.batch, syncId)
  const why = await deps.stream.put(parts.map((part) => part.bytes))
  parts.forEach((part, i) => {
    const reason = why[i]
    if (reason !== undefined) outcome.partUnavailable(part, reason)
  })
  if (syncId === undefined || syncTimeoutMs === undefined) return outcome.report()

  // with a record missing there will never be word of all of them
  const complete = why.every((reason) => reason === undefined)
  const ack = complete ? await waitForAck(deps.acks(), syncId, begun + syncTimeoutMs) : undefined
  if (ack === undefined) for (const part of parts.filter((_, i) => why[i] === undefined)) outcome.partTimedOut(part)
  else for (const { index, message } of ack.errors) outcome.pointRefused(index, message)
  return outcome.report()
}

/**
 * Looks for the acknowledgement at growing intervals.
 * @param deadline on performance.now()'s clock
 * @returns undefined where it does not come in time
 */
async function waitForAck(acks: AckReader, id: Uint8Array, deadline: number): Promise<Ack | undefined> {
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_POLL_MS)) {
    const leftMs = deadline - performance.now()
    if (leftMs <= 0) return undefined
    await sleep(Math.min(pauseMs, leftMs))
    try {
      const ack = await acks.read(id)
      if (ack !== undefined) return ack
    } catch (error) {
      // the points are safe on the stream, and the store may be back before the deadline
      if (!(error instanceof UnavailableError)) throw error
    }
  }
}

/** Collects what becomes of the points of one request. */
class Outcome {
  readonly #parsed: ParsedPut
  readonly #errors: PointError[]
  #refused: number
  #unavailable = 0
  #timedOut = 0

  constructor(parsed: ParsedPut) {
    this.#parsed = parsed
    this.#errors = [...parsed.errors]
    this.#refused = parsed.errors.length
  }

  partUnavailable(part: PackedPart, reason: string): void {
    this.#unavailable += part.count
    for (let i = 0; i < part.count; i++) this.#add(part.firstIndex + i, `Storage exception: ${reason}`)
  }

  partTimedOut(part: PackedPart): void {
    this.#timedOut += part.count
    for (let i = 0; i < part.count; i++) this.#add(part.firstIndex + i, 'Write timedout')
  }

  /** @param position of the point among those that were put on the stream */
  pointRefused(position: number, message: string): void {
    this.#refused++
    this.#add(position, message)
  }

  #add(position: number, message: string): void {
    const { batch, goodIndexes } = this.#parsed
    const index = goodIndexes?.[position] ?? position
    this.#errors.push({ index, datapoint: echoBatchPoint(batch, position), message })
  }

  report(): PutReport {
    const { received } = this.#parsed
    return {
      received,
      stored: received - this.#refused - this.#unavailable - this.#timedOut,
      refused: this.#refused,
      unavailable: this.#unavailable,
      timedOut: this.#timedOut,
      errors: this.#errors.sort((a, b) => a.index - b.index),
    }
  }
}
