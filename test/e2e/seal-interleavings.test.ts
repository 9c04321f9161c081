import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeTsuid } from '../../lib/codec/tsuid.ts'
import { consumeBatch, createConsumer } from '../../lib/ingest/consume.ts'
import type { StreamInput } from '../../lib/ingest/decode-record.ts'
import { DeleteUnfinishedError, deletePoints, HourStillOpenError, sealForDelete } from '../../lib/ingest/delete.ts'
import { parseDeviceMapping } from '../../lib/ingest/device-mapping.ts'
import { seal } from '../../lib/ingest/seal.ts'
import { DEFAULT_LIMITS } from '../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { StoredSeriesSource } from '../../lib/query/index.ts'
import { openClient } from '../../lib/store/dynamo.ts'
import { openStore, type Store } from '../../lib/store/index.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../helpers/dynamo.ts'
import { Actor, randomFrom, Stage } from '../helpers/stage.ts'
import { NO_BUDGET } from '../helpers/store.ts'

// Everything that can happen to points on their way, at once: consumers of two shards that die and are given their records
// again in other batches, two who seal, readers, somebody who deletes. What is read is compared with a plain model: the later
// arrival wins, and what was deleted is gone, unless records were still being stored.

const FIRST_DAY_S = 1_700_006_400
const HOUR_S = 3600
const LEASE_MS = 420_000
const SHELVES = 2
const METRICS = ['m.one', 'm.two']

let dynamo: RunningDynamo
let names: Store
beforeAll(async () => {
  dynamo = await startDynamo()
  names = openStore(storeConfig())
  // UIDs are not what this is about.
  await names.uids.assign('metric', METRICS)
  await names.uids.assign('tagk', ['host'])
  await names.uids.assign('tagv', ['h0', 'h1', 'h2', 'h3'])
  await names.layout.ensureLayout()
})
afterAll(() => {
  names.close()
  return dynamo.stop()
})

function storeConfig() {
  return { tables: TABLES, uidWidths: DEFAULT_UID_WIDTHS, shelves: SHELVES, saltBuckets: 1, endpoint: dynamo.endpoint }
}

/** A record of a shard; the value of all of its points is its number, which grows with arrival. */
interface TestRecord {
  readonly number: number
  readonly input: StreamInput
  /** `metric host time_ms` */
  readonly points: readonly string[]
}

class Scenario {
  readonly random: () => number
  readonly stage: Stage
  readonly baseTime: number
  readonly shards: readonly (readonly TestRecord[])[]
  /** Of each point that was acknowledged, the number of the last record that had it. */
  readonly acknowledged = new Map<string, number>()
  readonly stores: Store[] = []
  readonly sources = new Map<Store, StoredSeriesSource>()
  /** Of one series, the points of some minutes of the first hour. */
  readonly doomed: { readonly metric: string; readonly host: string; readonly start: number; readonly end: number }
  now: number
  /** Requests that were made so far. */
  step = 0
  /** Consumers that are storing records. */
  storing = 0
  /** The step at which the last of them ended. */
  storedAt = -1
  /** The step at which the first try of deleting began, and that at which the one began which ended. */
  deletesFrom = Number.POSITIVE_INFINITY
  deletedFrom = Number.NEGATIVE_INFINITY

  constructor(seed: number) {
    this.random = randomFrom(seed)
    this.stage = new Stage(this.random)
    this.baseTime = FIRST_DAY_S + seed * 86_400 + 5 * HOUR_S
    // Some minutes before blocks of the first hour begin to be late.
    this.now = (this.baseTime + HOUR_S) * 1000 + this.below(240_000)
    this.shards = [0, 1].map((shard) => this.#records(shard))
    const start = this.baseTime + 60 * this.below(2)
    this.doomed = {
      metric: METRICS[this.below(2)] ?? '',
      host: `h${this.below(4)}`,
      start: start * 1000,
      end: (start + 60 * (1 + this.below(3))) * 1000,
    }
  }

  below(most: number): number {
    return Math.floor(this.random() * most)
  }

  /** A series' points come in one shard, in order; some come again, some late. */
  #records(shard: number): TestRecord[] {
    return Array.from({ length: 2 + this.below(6) }, (_, i) => {
      const number = shard + 2 * i + 1
      const points = new Set<string>()
      for (let n = 1 + this.below(6); n > 0; n--) {
        const hour = this.below(4) === 0 ? HOUR_S : 0
        const time = (this.baseTime + hour + 60 * this.below(5)) * 1000
        points.add(`${METRICS[this.below(2)]} h${shard * 2 + this.below(2)} ${time}`)
      }
      const json = [...points].map((point) => {
        const [metric, host, time] = point.split(' ')
        return { metric, timestamp: Number(time), value: number, tags: { host } }
      })
      const bytes = Buffer.from(JSON.stringify(json))
      return {
        number,
        points: [...points],
        input: { sequence: String(number), arrivalMs: this.now + number, shard, bytes },
      }
    })
  }

  open(actor: Actor): Store {
    const client = openClient(dynamo.endpoint)
    this.stage.direct(client, actor)
    const store = openStore({ ...storeConfig(), client, clock: () => this.now })
    this.stores.push(store)
    return store
  }

  /** A consumer that is started again whenever it dies, by and by from an earlier record on. */
  async consume(records: readonly TestRecord[]): Promise<void> {
    let next = 0
    while (next < records.length) {
      const actor = new Actor('consume')
      await this.stage.begin(actor, async () => {
        const consumer = createConsumer({
          store: this.open(actor),
          limits: DEFAULT_LIMITS,
          mapping: parseDeviceMapping('{}'),
          blockTtlDays: 0,
          clock: () => this.now,
        })
        while (next < records.length) {
          const batch = records.slice(next, next + 1 + this.below(4))
          this.storing++
          try {
            const { failed } = await consumeBatch(
              consumer,
              batch.map(({ input }) => input),
            )
            expect(failed).toBeUndefined()
          } finally {
            this.storing--
            this.storedAt = this.step
          }
          for (const { number, points } of batch) {
            for (const point of points) {
              this.acknowledged.set(point, Math.max(number, this.acknowledged.get(point) ?? 0))
            }
          }
          next += batch.length
          // The checkpoint may be behind what was done.
          if (this.random() < 0.15) next = this.below(next)
        }
      })
    }
  }

  async seal(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const actor = new Actor('seal')
      await this.stage.begin(actor, async () => {
        const store = this.open(actor)
        const report = await seal(store, {
          until: this.now + 300_000,
          leaseMs: LEASE_MS,
          backOff: this.random() < 0.5,
          ...(this.random() < 0.5 ? { bounds: { points: 1 + this.below(12), rows: 1 + this.below(3) } } : {}),
          clock: () => this.now,
          random: this.random,
        })
        expect(report.failures).toEqual([])
      })
    }
  }

  /** Reads over and over: never is a point missing, or older, that was acknowledged when the reading began. */
  async query(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const actor = new Actor('query')
      await this.stage.begin(actor, async () => {
        const before = new Map(this.acknowledged)
        const read = await this.read(this.open(actor))
        const kept = [...before].filter(([point]) => !this.isDoomed(point) || this.deletesFrom > this.step)
        const wrong = kept.filter(([point, number]) => !((read.get(point) ?? -1) >= number))
        expect(wrong).toEqual([])
      })
    }
  }

  /** Deletes the doomed points, again and again until that has ended. */
  async delete(consumed: Promise<unknown>): Promise<void> {
    if (this.below(2) === 0) await consumed
    const { metric: name, host, start, end } = this.doomed
    const uidOf = async (kind: 'metric' | 'tagk' | 'tagv', text: string) =>
      (await this.stage.hold(() => names.uids.namesToUids(kind, [text]))).get(text) ?? 0
    const metric = await uidOf('metric', name)
    const tags = [[await uidOf('tagk', 'host'), await uidOf('tagv', host)]] as const
    const tsuid = encodeTsuid(metric, tags, DEFAULT_UID_WIDTHS)
    while (this.deletedFrom < 0) {
      const actor = new Actor('delete')
      const pause = () => this.stage.pause(actor)
      const options = { until: Number.POSITIVE_INFINITY, leaseMs: LEASE_MS, pause, clock: () => this.now }
      await this.stage.begin(actor, async () => {
        const store = this.open(actor)
        const begun = this.storing === 0 ? this.step : -1
        this.deletesFrom = Math.min(this.deletesFrom, this.step)
        try {
          await sealForDelete(store, [metric], { start, end }, options)
          await deletePoints(store, [tsuid], { start, end }, options)
          this.deletedFrom = Math.max(0, begun)
        } catch (error) {
          if (!(error instanceof HourStillOpenError || error instanceof DeleteUnfinishedError)) throw error
        }
      })
    }
  }

  isDoomed(point: string): boolean {
    const { metric, host, start, end } = this.doomed
    const [ofMetric, ofHost, time] = point.split(' ')
    return ofMetric === metric && ofHost === host && Number(time) >= start && Number(time) <= end
  }

  /**
   * Compares what is read in the end with the model. Doomed points are gone if nothing was stored after the deletion had begun;
   * else they may have come back with a record that had them.
   */
  check(read: ReadonlyMap<string, number>, when: string): void {
    const expected = this.expected()
    const kept = (points: ReadonlyMap<string, number>) => [...points].filter(([point]) => !this.isDoomed(point)).sort()
    expect(kept(read), when).toEqual(kept(expected))
    const left = [...read].filter(([point]) => this.isDoomed(point))
    if (this.storedAt < this.deletedFrom) expect(left, `${when}: deleted`).toEqual([])
    const records = this.shards.flat()
    for (const [point, number] of left) {
      expect(records.find((record) => record.number === number)?.points, when).toContain(point)
    }
  }

  /** One for each store, kept for what it remembers from one query to the next. */
  #sourceOf(store: Store): StoredSeriesSource {
    const source = this.sources.get(store) ?? new StoredSeriesSource(store, DEFAULT_UID_WIDTHS, () => this.now)
    this.sources.set(store, source)
    return source
  }

  /** @returns by point the number of the record that it is of */
  async read(store: Store): Promise<Map<string, number>> {
    const source = this.#sourceOf(store)
    const found = new Map<string, number>()
    for (const name of METRICS) {
      const metric = (await names.uids.namesToUids('metric', [name])).get(name) ?? 0
      const range = { from: this.baseTime, to: this.baseTime + 2 * HOUR_S }
      for (const { tags, points } of await source.read(metric, range, () => true, NO_BUDGET)) {
        const tagv = tags[0]?.[1] ?? 0
        const host = (await names.uids.uidsToNames('tagv', [tagv])).get(tagv)
        for (let p = 0; p < points.count; p++) found.set(`${name} ${host} ${points.times[p]}`, points.values[p]!)
      }
    }
    return found
  }

  /** What is to be read in the end. */
  expected(): Map<string, number> {
    const records = this.shards.flat().sort((a, b) => a.number - b.number)
    return new Map(records.flatMap(({ number, points }) => points.map((point) => [point, number] as const)))
  }

  passTime(): void {
    this.step++
    const chance = this.random()
    this.now += chance < 0.03 ? LEASE_MS : chance < 0.1 ? 90_000 : this.below(8_000)
  }

  async run(): Promise<void> {
    const consumed = Promise.all(this.shards.map((records) => this.consume(records)))
    const done = Promise.all([consumed, this.seal(3), this.seal(3), this.query(4), this.delete(consumed)])
    await this.stage.play(done, 0.04, () => this.passTime())
  }

  close(): void {
    for (const store of this.stores) store.close()
  }
}

/** Seals until nothing is left, and says what hours there are. */
async function sealAll(scenario: Scenario): Promise<string[]> {
  const store = openStore(storeConfig())
  // Whatever leases the dead left have ended, and the day is over.
  const clock = () => scenario.now + 2 * 86_400_000
  await seal(store, { until: Number.POSITIVE_INFINITY, leaseMs: LEASE_MS, backOff: false, clock })
  const ledger = await store.ledger.readLedger([0, 1], scenario.baseTime, scenario.baseTime)
  const pending = (await Promise.all([0, 1].map((shelf) => store.ledger.pendingDays(shelf)))).flat()
  store.close()
  const states = [...ledger.values()].flat().map(({ state }) => state)
  return [...new Set([...states, ...pending.map(({ day }) => `day ${day} is pending`)])]
}

/** Seeds of a group. A seed gives the same run every time: INTERLEAVINGS=500 looks at more of them. */
const RUNS = Number(process.env.INTERLEAVINGS ?? 35)

test.each([
  0, 1, 2, 3, 4, 5,
])('nothing is lost, doubled or hidden, whatever dies when: interleavings of group %i', async (group) => {
  for (let seed = group * RUNS; seed < (group + 1) * RUNS; seed++) {
    const scenario = new Scenario(seed)
    try {
      await scenario.run()
      scenario.check(await scenario.read(names), `seed ${seed}, before all is sealed`)
      expect(await sealAll(scenario), `seed ${seed}`).toEqual(['sealed'])
      scenario.check(await scenario.read(names), `seed ${seed}, sealed`)
    } finally {
      scenario.close()
    }
  }
}, 240_000)
