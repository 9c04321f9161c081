import { ENV } from '../../functions/environment.ts'
import type { StreamInput } from '../../lib/ingest/decode-record.ts'
import { TABLES } from '../helpers/dynamo.ts'
import { httpEvent } from '../helpers/http-event.ts'
import { Actor, randomFrom, Stage } from '../helpers/stage.ts'
import { FaultLayer } from './fault-layer.ts'
import type { Entry, Handler, Handlers } from './instances.ts'
import { answerOf, bodyOf, type Point, readAnswer } from './model.ts'
import { type Emulators, kinesisRecord, ShardRecords } from './shard-records.ts'

/** A handler and the process that it runs in. */
export interface Running {
  readonly handler: Handler
  readonly actor: Actor
}

const FIRST_DAY_S = 1_700_006_400
const HOUR_S = 3600
const HOUR_MS = 3_600_000
/** Points of these are integers, doubles and integers beyond what a double holds. */
export const METRICS = ['m.int', 'm.double', 'm.long'] as const
/** What somebody deletes meanwhile. */
export const DOOMED = 'm.doomed'
/** Clocks differ by less than the minute that sealing leaves for it. */
const SKEW_MS = 25_000
const SEAL_MS = 300_000
/** After an hour's end; its blocks are late by then. */
const LATE_MS = 300_000
/** Turns at most between two calls of a schedule. */
const LONGEST_REST = 40
const LONGEST_READER_REST = 12
/** About how many there are at a time: where one sleeps, others do too. */
const PROCESSES = 8
/** Chance of dying at a request. */
const DEADLY = 0.012
const BAD_RECORDS = ['not json', '[{"metric":"m.int","timestamp":1,"value":1,"tags":{}}]', '{"x":', '[1,2]']

/**
 * One run: two writers, a consumer for each of two shards, two who seal, somebody who tends trees, readers and somebody who deletes, all
 * of them the real handlers, in an order of chance, a request at a time. Any request may go wrong, any process die.
 */
export class Scenario {
  readonly random: () => number
  readonly stage: Stage
  readonly faults: FaultLayer
  readonly baseTime: number
  readonly stream: ShardRecords
  /** Points that writers were told are on the stream. */
  readonly acknowledged: Point[] = []
  /** Those that they were told can be read. */
  readonly readable: Point[] = []
  /** Every value that was ever sent, by point. */
  readonly sent = new Map<string, Set<string>>()
  readonly bad = new Set<string>()
  /** How many consumers died with a record in their hands, by its bytes' place in the stream. */
  readonly deaths = new Map<string, number>()
  readonly violations: string[] = []
  readonly #handlers: Handlers
  readonly #emulators: Emulators
  readonly #next = [0, 0]
  #writing = 0
  #consuming = 0
  readonly #alone = new Map<Entry, Running>()
  #value = 0
  /** What readers were told. */
  readonly #read = new Set<string>()
  now: number

  constructor(seed: number, handlers: Handlers, emulators: Emulators) {
    this.random = randomFrom(seed)
    this.stage = new Stage(this.random)
    this.faults = new FaultLayer(this.random, this.stage)
    this.baseTime = FIRST_DAY_S + (seed % 1000) * 86_400 + 5 * HOUR_S
    // In a third of the runs the first hour is not over; in one its blocks begin to be late some minutes later; in one they are late from the start.
    this.now = (this.baseTime + HOUR_S) * 1000 + (this.below(3) - 1) * LATE_MS + this.below(LATE_MS)
    this.#handlers = handlers
    this.#emulators = emulators
    this.stream = new ShardRecords(emulators)
  }

  below(most: number): number {
    return Math.floor(this.random() * most)
  }

  /** Starts an instance of a function in a process of its own. */
  start(entry: Entry, immortal = false): Running {
    const actor = new Actor(entry, immortal)
    const skew = immortal ? 0 : this.below(2 * SKEW_MS) - SKEW_MS
    const { data, uid, meta, tree } = TABLES
    const handler = this.#handlers.start(entry, {
      env: {
        [ENV.tsdbTable]: data,
        [ENV.uidTable]: uid,
        [ENV.metaTable]: meta,
        [ENV.treeTable]: tree,
        [ENV.streamName]: this.#emulators.streamName,
        [ENV.shelves]: '2',
        [ENV.blockTtlDays]: '14',
        [ENV.allowDelete]: 'true',
        [ENV.logLevel]: 'error',
      },
      now: () => this.now + skew,
      random: this.random,
      sleep: (ms) => {
        this.now += ms / PROCESSES
        return this.stage.pause(actor)
      },
      onClient: (client) => {
        this.faults.trouble(client, actor)
        this.stage.direct(client as never, actor)
      },
      network: this.#emulators,
    })
    return { handler, actor }
  }

  /** What a process does, from its start to its end or death. */
  async #live(running: Running, run: (handler: Handler) => Promise<void>): Promise<void> {
    await this.stage.begin(running.actor, async () => {
      await run(async (event, context) => {
        const answer = await running.handler(event, context)
        // What a handler makes of its own death nobody hears.
        if (running.actor.isDead) throw new Error('dead')
        return answer
      })
    })
    if (running.actor.isDead) this.faults.count('killed')
  }

  /** Plays everything, with faults. */
  async run(): Promise<void> {
    await this.#prepare()
    const acts = [
      this.#write(),
      this.#write(),
      this.#consume(0),
      this.#consume(1),
      this.#schedule('seal'),
      this.#schedule('seal'),
      this.#schedule('trees'),
      this.#ask(),
      this.#ask(),
      ...(this.below(3) === 0 ? [this.#delete()] : []),
    ]
    await this.stage.play(Promise.all(acts), DEADLY, () => this.#passTime())
  }

  /** Plays what everybody does after the faults: stores what is left, seals all, plants what waits. */
  async drain(): Promise<void> {
    this.faults.on = false
    // Whoever looks at the end must not answer from what it knew before.
    this.#alone.clear()
    await this.stage.play(Promise.all([this.#consume(0), this.#consume(1)]), 0, () => {})
    // Leases of the dead end, and late hours come back after six hours at most.
    for (let round = 0; round < 4; round++) {
      this.now += 7 * HOUR_MS
      // It fails where an hour has waited for more than a day, which is for people to hear; what counts is what it leaves.
      await this.alone('seal', {}, this.#context(SEAL_MS)).catch(() => this.faults.count('sealing failed'))
    }
    await this.alone('trees', {}, this.#context(SEAL_MS))
  }

  /** Puts a record on the stream again and stores it. */
  async sendAgain(bytes: Uint8Array): Promise<void> {
    await this.stream.put(bytes, 0)
    await this.drain()
  }

  /** Calls a function of which nothing goes wrong, with nobody else around; it stays for the next call. */
  async alone(entry: Entry, event: unknown, context: object = this.#context(29_000)): Promise<unknown> {
    let answer: unknown
    const running = this.#alone.get(entry) ?? this.start(entry, true)
    this.#alone.set(entry, running)
    const done = this.#live(running, async (handler) => {
      answer = await handler(event, context)
    })
    await this.stage.play(done, 0, () => {})
    return answer
  }

  /** Asks the API, alone. */
  async api(entry: Entry, method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
    const event = httpEvent({ method, path, ...(body !== undefined && { body: JSON.stringify(body) }) })
    return answerOf(await this.alone(entry, event))
  }

  #passTime(): void {
    const chance = this.random()
    this.now += chance < 0.0005 ? SEAL_MS + 60_000 : chance < 0.003 ? this.below(90_000) : this.below(200)
  }

  #context(ms: number): { getRemainingTimeInMillis(): number; awsRequestId: string } {
    const until = this.now + ms
    return { getRemainingTimeInMillis: () => until - this.now, awsRequestId: 'faults' }
  }

  /** A tree, and where to read the shards from. */
  async #prepare(): Promise<void> {
    this.faults.on = false
    await this.api('meta', 'POST', '/api/tree', { name: 'by metric and host', enabled: true })
    await this.api('meta', 'POST', '/api/tree/rule', { treeId: 1, level: 0, order: 0, type: 'METRIC' })
    await this.api('meta', 'POST', '/api/tree/rule', { treeId: 1, level: 1, order: 0, type: 'TAGK', field: 'host' })
    this.faults.on = true
    await this.stream.open()
    for (let i = this.below(3); i > 0; i--) await this.#sendBad()
  }

  async #sendBad(): Promise<void> {
    const text = `${BAD_RECORDS[this.below(BAD_RECORDS.length)]}${' '.repeat(this.bad.size + 1)}`
    this.bad.add(text)
    await this.stream.put(Buffer.from(text), this.below(2) === 0 ? 0 : 1)
  }

  /** A writer, started again when it dies. A request that failed is sent again, or given up. */
  async #write(): Promise<void> {
    this.#writing++
    let left = 4 + this.below(6)
    let points: readonly Point[] | undefined
    while (left > 0) {
      await this.#live(this.start('put'), async (handler) => {
        while (left > 0) {
          points ??= this.#newPoints()
          const body = bodyOf(points)
          const sync = this.below(4) === 0
          const details = !sync && this.below(2) === 0
          const path = `/api/put${sync ? '?sync&sync_timeout=5000' : details ? '?details' : ''}`
          const { status, text } = answerOf(await handler(httpEvent({ path, body }), this.#context(29_000)))
          if (status === 204 || (details && status === 200)) {
            for (const point of points) {
              this.acknowledged.push(point)
              if (sync) this.readable.push(point)
            }
          } else if (details && status === 400) this.#acknowledgeParts(points, text)
          if (status < 300 || this.below(2) === 0) {
            points = undefined
            left--
          }
        }
      })
    }
    this.#writing--
  }

  /** With ?details, what is not among the errors is on the stream. */
  #acknowledgeParts(points: readonly Point[], answer: string): void {
    const { errors }: { errors: { datapoint: { metric: string; timestamp: number; tags: { host: string } } }[] } =
      JSON.parse(answer)
    const failed = new Set(
      errors.map(({ datapoint: { metric, timestamp, tags } }) => `${metric} ${tags.host} ${timestamp}`),
    )
    for (const point of points) if (!failed.has(point[0])) this.acknowledged.push(point)
  }

  /** Some points, each with a value that no other has. */
  #newPoints(): Point[] {
    const points = new Map<string, string>()
    for (let count = 1 + this.below(8); count > 0; count--) {
      const metric = this.below(8) === 0 ? DOOMED : (METRICS[this.below(METRICS.length)] ?? '')
      const time = this.baseTime + (this.below(4) === 0 ? HOUR_S : 0) + 60 * this.below(6)
      const key = `${metric} h${this.below(5)} ${time}`
      const number = ++this.#value
      const value =
        metric === 'm.double'
          ? String(number + 0.5)
          : metric === 'm.long'
            ? String(2n ** 53n + BigInt(number))
            : String(number)
      points.set(key, value)
    }
    for (const [key, value] of points) this.sent.set(key, (this.sent.get(key) ?? new Set()).add(value))
    return [...points]
  }

  /** An event source mapping and its consumer, which is started again when it dies: by and by from an earlier record on. */
  async #consume(shard: 0 | 1): Promise<void> {
    this.#consuming++
    const records = this.stream.of(shard)
    for (let done = false; !done; ) {
      const running = this.start('consume', !this.faults.on)
      let inHand: readonly StreamInput[] = []
      await this.#live(running, async (handler) => {
        for (;;) {
          await this.stage.pause(running.actor)
          // Everybody waits for it.
          await this.stage.hold(() => this.stream.fetch(shard, this.now))
          const next = this.#next[shard] ?? 0
          if (next === records.length) {
            done = this.#writing === 0
            if (done) return
            continue
          }
          const batch = records.slice(next, next + 1 + this.below(5))
          inHand = batch
          const passed = await this.#deliver(handler, running.actor, batch)
          inHand = []
          if (passed < batch.length) this.faults.count('batch failed')
          this.#next[shard] = next + passed
          // The checkpoint may be behind what was done.
          if (this.faults.on && this.random() < 0.12) {
            this.faults.count('redelivered')
            this.#next[shard] = this.below(next + passed + 1)
          }
        }
      })
      for (const { sequence } of inHand) this.deaths.set(sequence, (this.deaths.get(sequence) ?? 0) + 1)
    }
    this.#consuming--
  }

  /** @returns how many records of a batch are dealt with */
  async #deliver(handler: Handler, actor: Actor, batch: readonly StreamInput[]): Promise<number> {
    let answer: unknown
    try {
      answer = await handler({ Records: batch.map(kinesisRecord) }, this.#context(120_000))
    } catch (error) {
      if (actor.isDead) throw error
      return 0
    }
    const { batchItemFailures } = answer as { batchItemFailures: { itemIdentifier: string }[] }
    const [failed] = batchItemFailures
    return failed === undefined ? batch.length : batch.findIndex(({ sequence }) => sequence === failed.itemIdentifier)
  }

  /** Calls a function now and then as long as points come; that it fails is what alarms are for. */
  async #schedule(entry: 'seal' | 'trees'): Promise<void> {
    const clock = new Actor(`schedule of ${entry}`, true)
    for (let isFirst = true; isFirst || this.#consuming > 0; isFirst = false) {
      await this.stage.begin(clock, async () => {
        for (let turns = this.below(LONGEST_REST); turns > 0; turns--) await this.stage.pause(clock)
        if (this.below(2) === 0) this.now += this.below(SEAL_MS)
      })
      await this.#live(this.start(entry), async (handler) => {
        await handler({}, this.#context(SEAL_MS)).catch(() => {})
      })
    }
  }

  /**
   * A reader, started again when it dies, which keeps what it read from one query to the next, as long as points come: what it is told was sent
   * by somebody, and what was said to be readable, or was read by another, is there.
   */
  async #ask(): Promise<void> {
    for (let isFirst = true; isFirst || this.#consuming > 0; isFirst = false) {
      const running = this.start('query')
      await this.#live(running, async (handler) => {
        do {
          for (let turns = this.below(LONGEST_READER_REST); turns > 0; turns--) await this.stage.pause(running.actor)
          const metric = METRICS[this.below(METRICS.length)] ?? ''
          const readable = [...this.#readable(metric)]
          const { status, text } = answerOf(await handler(this.queryEvent(metric), this.#context(29_000)))
          if (status !== 200) continue
          const read = readAnswer(metric, text)
          this.compare(`while it ran, ${metric}`, read, readable)
          for (const [key] of read) this.#read.add(key)
        } while (this.#consuming > 0)
      })
    }
  }

  #readable(metric: string): Set<string> {
    const keys = new Set([...this.#read, ...this.readable.map(([key]) => key)])
    for (const key of keys) if (!key.startsWith(`${metric} `)) keys.delete(key)
    return keys
  }

  queryEvent(metric: string, method = 'GET'): object {
    const path = `/api/query?start=${this.baseTime}&end=${this.baseTime + 2 * HOUR_S}&m=none:${metric}%7Bhost=*%7D`
    return httpEvent({ method, path })
  }

  /** Notes what an answer has that nobody sent, and lacks of what must be there. */
  compare(when: string, read: readonly Point[], needed: readonly string[]): void {
    const found = new Map<string, string>()
    for (const [key, value] of read) {
      if (found.has(key)) this.violations.push(`${when}: ${key} is there twice`)
      found.set(key, value)
      if (this.sent.get(key)?.has(value) !== true)
        this.violations.push(`${when}: ${key} is ${value}, which nobody sent`)
    }
    for (const key of needed) if (!found.has(key)) this.violations.push(`${when}: ${key} is missing`)
  }

  async #delete(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      await this.#live(this.start('delete'), async (handler) => {
        await handler(this.queryEvent(DOOMED, 'DELETE'), this.#context(29_000))
      })
    }
  }

  close(): void {
    this.stream.close()
  }
}
