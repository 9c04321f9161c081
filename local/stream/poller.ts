import { messageOf } from '../errors.ts'
import type { PoolOutcome } from '../functions/pool.ts'
import type { Log } from '../log.ts'
import type { MappingModel } from '../template/index.ts'
import { batchDue } from './batch-window.ts'
import { type DeliveryPort, deliver, type GivenUp } from './deliver.ts'
import { batchLength, type StreamRecord, streamEvent } from './records.ts'
import type { ShardReader } from './shard-reader.ts'

/** While a window is open, news is looked at this often, in case that a batch fills before the window ends. */
const LOOK_MS = 100
/** Records that somebody put without the runner hearing of it are found after this long. */
const UNTOLD_MS = 10_000
/** The emulator tells of a record a little before it shows it: after news that brought nothing the next look is this soon. */
const FIRST_LOOK_MS = 20
/** While draining, nobody waits longer than this for anything. */
const DRAINING_REST_MS = 50
/** After a failed read. */
const READ_RETRY_MS = 1_000

/** What a poller needs from outside. */
export interface PollerPort {
  readonly reader: ShardReader
  call(event: object): Promise<PoolOutcome>
  /** Everything up to and with this record is dealt with. */
  checkpoint(last: StreamRecord): Promise<void>
  /** Nothing is left on the shard. */
  caughtUp(): void
  giveUp(shardId: string, records: readonly StreamRecord[], why: GivenUp, calls: number): Promise<void>
}

/**
 * Takes the records of one shard to a function: gathers a batch, delivers it, and only then goes on to the next. It sleeps
 * until it is told that there is news.
 */
export class ShardPoller {
  readonly #mapping: MappingModel
  readonly #shardId: string
  readonly #windowMs: number
  readonly #port: PollerPort
  readonly #log: Log
  readonly #stop = new AbortController()
  readonly #buffer: StreamRecord[] = []
  /** Whether the shard may hold records that are not in the buffer, as it may at the start. */
  #unread = true
  /** When the oldest of what is gathered came, in milliseconds since 1970. */
  #since = 0
  /** When it was last told of records, likewise. */
  #toldAt = 0
  /** Milliseconds until the next look without news. */
  #lookAfter = UNTOLD_MS
  #draining = false
  #drained: () => void = () => undefined
  #onNews: () => void = () => undefined
  #onHurry: () => void = () => undefined
  #running: Promise<void> = Promise.resolve()

  /** @param windowMs milliseconds from the last record of a batch until it is delivered, unless it is full or five times as old before */
  constructor(mapping: MappingModel, shardId: string, windowMs: number, port: PollerPort, log: Log) {
    this.#mapping = mapping
    this.#shardId = shardId
    this.#windowMs = windowMs
    this.#port = port
    this.#log = log
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Tells that there are new records on the stream. */
  nudge(): void {
    this.#toldAt = Date.now()
    if (!this.#unread && this.#buffer.length === 0) this.#since = this.#toldAt
    this.#unread = true
    this.#lookAfter = FIRST_LOOK_MS
    this.#onNews()
  }

  /** Delivers everything that is there without waiting for windows; resolves when nothing is left. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve
      this.#draining = true
      this.nudge()
      this.#onHurry()
    })
  }

  /** Stops as soon as the current call is over. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#onNews()
    this.#onHurry()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const batch = await this.#gather()
      if (batch.length > 0) await deliver(batch, this.#mapping, this.#delivery())
    }
  }

  /** Waits for a batch: full, or as much as there is when the window ends. Empty where told to stop. */
  async #gather(): Promise<StreamRecord[]> {
    const { batchSize } = this.#mapping
    while (!this.#stop.signal.aborted) {
      if (this.#unread) await this.#fill()
      const length = batchLength(this.#buffer, batchSize)
      const left = batchDue(this.#since, this.#toldAt, this.#windowMs) - Date.now()
      const full = length === batchSize || length < this.#buffer.length
      if (length > 0 && (full || left <= 0 || this.#draining)) return this.#buffer.splice(0, length)
      if (length > 0) await this.#rest(Math.min(left, LOOK_MS))
      else {
        if (!this.#unread) this.#port.caughtUp()
        if (this.#draining && !this.#unread) this.#drained()
        await this.#untilNews()
        await this.#rest(Math.min(this.#windowMs, LOOK_MS))
      }
    }
    return []
  }

  /** Reads what there is, up to a full batch. */
  async #fill(): Promise<void> {
    const { batchSize } = this.#mapping
    this.#unread = false
    try {
      while (this.#buffer.length < batchSize && batchLength(this.#buffer, batchSize) === this.#buffer.length) {
        const { records, more } = await this.#port.reader.read(batchSize - this.#buffer.length)
        this.#buffer.push(...records)
        if (!more) return
      }
    } catch (error) {
      this.#log.error(`Can't read ${this.#shardId}: ${messageOf(error)}`)
      await this.#rest(READ_RETRY_MS)
    }
    this.#unread = true
  }

  #delivery(): DeliveryPort {
    return {
      call: (records) => this.#port.call(streamEvent(records, this.#shardId, this.#mapping)),
      checkpoint: (last) => this.#port.checkpoint(last),
      giveUp: (records, why, calls) => this.#port.giveUp(this.#shardId, records, why, calls),
      rest: (ms) => this.#rest(ms),
      now: () => Date.now(),
      stopped: () => this.#stop.signal.aborted,
    }
  }

  /** Waits for this long; not while draining, and not on when stopped. */
  async #rest(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#draining ? Math.min(ms, DRAINING_REST_MS) : ms)
      this.#onHurry = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#stop.signal.aborted) this.#onHurry()
    })
    this.#onHurry = () => undefined
  }

  /** Waits until it is told of news, or might have missed some. */
  async #untilNews(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#unread = true
        resolve()
      }, this.#lookAfter)
      this.#lookAfter = Math.min(this.#lookAfter * 2, UNTOLD_MS)
      this.#onNews = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#unread || this.#stop.signal.aborted) this.#onNews()
    })
    this.#onNews = () => undefined
  }
}
