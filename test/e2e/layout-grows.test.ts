import { afterAll, beforeAll, expect, test } from 'vitest'
import { consumeBatch, createConsumer } from '../../lib/ingest/consume.ts'
import type { StreamInput } from '../../lib/ingest/decode-record.ts'
import { parseDeviceMapping } from '../../lib/ingest/device-mapping.ts'
import { seal } from '../../lib/ingest/seal.ts'
import { DEFAULT_LIMITS } from '../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { StoredSeriesSource } from '../../lib/query/index.ts'
import { openClient } from '../../lib/store/dynamo.ts'
import { openStore, type Store } from '../../lib/store/index.ts'
import { layoutAt } from '../../lib/store/layout.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../helpers/dynamo.ts'
import { Actor, randomFrom, Stage } from '../helpers/stage.ts'
import { NO_BUDGET } from '../helpers/store.ts'

// A store begins with one shelf and has sixteen by the evening, while it is written, sealed and read at once: points on time, late
// and dated ahead, by consumers who place them by clocks that are wrong, stand still, and die. Compared with a plain model.

const HOUR_S = 3600
const HOUR_MS = HOUR_S * 1000
const START_S = 1_700_006_400 + 5 * HOUR_S
/** Longer than at AWS, for here a request takes ten seconds. */
const LEASE_MS = 90 * 60_000
const HOT = 'm.hot'
const METRICS = [HOT, ...Array.from({ length: 5 }, (_, i) => `m.${i}`)]
const HOSTS = Array.from({ length: 9 }, (_, i) => `h${i}`)
/** So small that a few blocks fill a shelf. */
const TARGETS = { shelfBytes: 200 }

let dynamo: RunningDynamo
let names: Store
beforeAll(async () => {
  dynamo = await startDynamo()
  names = openStore(storeConfig())
  // UIDs are not what this is about.
  await names.uids.assign('metric', METRICS)
  await names.uids.assign('tagk', ['host'])
  await names.uids.assign('tagv', HOSTS)
})
afterAll(() => {
  names.close()
  return dynamo.stop()
})

function storeConfig() {
  return { tables: TABLES, uidWidths: DEFAULT_UID_WIDTHS, shelves: 1, saltBuckets: 1, endpoint: dynamo.endpoint }
}

/** `metric host time_ms` of each point to its value; later ones replace earlier ones. */
type Points = Map<string, number>

class Growth {
  readonly random: () => number
  readonly stage: Stage
  /** All points put, and those acknowledged by now. */
  readonly put: Points = new Map()
  readonly acknowledged: Points = new Map()
  readonly stores: Store[] = []
  now = START_S * 1000
  #number = 0

  constructor(seed: number) {
    this.random = randomFrom(seed)
    this.stage = new Stage(this.random)
  }

  below(most: number): number {
    return Math.floor(this.random() * most)
  }

  /** A consumer's batch: most points of the last minutes, half of them of one metric; some late, some ahead. */
  record(size: number, writer: number): { input: StreamInput; points: Points } {
    const number = ++this.#number
    const points: Points = new Map()
    for (let i = 0; i < size; i++) {
      const chance = this.below(40)
      const hours = chance === 0 ? -1 - this.below(3) : chance === 1 ? 1 + this.below(5) : 0
      const time = this.now - (this.now % 1000) + hours * HOUR_MS - 1000 * this.below(600)
      const metric = this.random() < 0.5 ? HOT : METRICS[this.below(METRICS.length)]
      // Each writer has hosts of its own: which of two shards came first is not what this is about.
      const host = HOSTS[writer + 3 * this.below(HOSTS.length / 3)]
      points.set(`${metric} ${host} ${time}`, number * 1000 + i)
    }
    const json = [...points].map(([point, value]) => {
      const [metric, host, time] = point.split(' ')
      return { metric, timestamp: Number(time), value, tags: { host } }
    })
    const bytes = Buffer.from(JSON.stringify(json))
    return { points, input: { sequence: String(number), arrivalMs: this.now, shard: writer, bytes } }
  }

  open(actor: Actor, clock: () => number): Store {
    const client = openClient(dynamo.endpoint)
    this.stage.direct(client, actor)
    const store = openStore({ ...storeConfig(), client, clock })
    this.stores.push(store)
    return store
  }

  /** Writes until the day is over; when it dies, it does its last batch again. */
  async consume(writer: number, endMs: number): Promise<void> {
    // Minutes to hours fast or slow.
    const wrongBy = [0, -50 * 60_000, 3 * HOUR_MS][writer] ?? 0
    let again: ReturnType<Growth['record']> | undefined
    while (this.now < endMs || again !== undefined) {
      const actor = new Actor('consume')
      await this.stage.begin(actor, async () => {
        // Sealing relies on clocks to a minute, layouts on none.
        const store = this.open(actor, () => this.now + wrongBy)
        const clock = () => this.now
        const options = { limits: DEFAULT_LIMITS, mapping: parseDeviceMapping('{}'), blockTtlDays: 0, clock }
        const consumer = createConsumer({ store, ...options })
        while (this.now < endMs || again !== undefined) {
          const hour = Math.floor((this.now - START_S * 1000) / HOUR_MS)
          again ??= this.record(4 * Math.ceil(2 ** (hour / 2)), writer)
          for (const [point, value] of again.points) this.put.set(point, value)
          const { failed, rejects } = await consumeBatch(consumer, [again.input])
          expect([failed, rejects]).toEqual([undefined, 0])
          for (const [point, value] of again.points) this.acknowledged.set(point, value)
          again = undefined
        }
      })
    }
  }

  async seal(endMs: number): Promise<void> {
    while (this.now < endMs) {
      const actor = new Actor('seal')
      await this.stage.begin(actor, async () => {
        const clock = () => this.now
        const store = this.open(actor, clock)
        const options = { leaseMs: LEASE_MS, targets: TARGETS, clock, random: this.random }
        while (this.now < endMs) {
          expect((await seal(store, { ...options, until: this.now + 80 * 60_000 })).failures).toEqual([])
        }
      })
    }
  }

  /** Reads over and over, by one cache: never is a point missing, or older, that was acknowledged when the reading began. */
  async query(endMs: number): Promise<void> {
    const actor = new Actor('query')
    const store = this.open(actor, () => this.now)
    const undying = this.stage.begin(actor, async () => {
      while (this.now < endMs) {
        const before = new Map(this.acknowledged)
        const metric = this.random() < 0.5 ? HOT : (METRICS[this.below(METRICS.length)] ?? HOT)
        const read = await this.read(store, metric)
        const wrong = [...before].filter(([point, value]) => {
          return point.startsWith(`${metric} `) && !((read.get(point) ?? -1) >= value)
        })
        expect(wrong).toEqual([])
      }
    })
    await undying
    if (actor.isDead) await this.query(endMs)
  }

  /** @returns a metric's points */
  async read(store: Store, name: string): Promise<Points> {
    const source = new StoredSeriesSource(store, DEFAULT_UID_WIDTHS, () => this.now)
    const metric = (await names.uids.namesToUids('metric', [name])).get(name) ?? 0
    const range = { from: START_S - 4 * HOUR_S, to: START_S + 30 * HOUR_S }
    const found: Points = new Map()
    for (const { tags, points } of await source.read(metric, range, () => true, NO_BUDGET)) {
      const tagv = tags[0]?.[1] ?? 0
      const host = (await names.uids.uidsToNames('tagv', [tagv])).get(tagv)
      for (let p = 0; p < points.count; p++) {
        const key = `${name} ${host} ${points.times[p]}`
        expect(found.has(key)).toBe(false)
        found.set(key, points.values[p]!)
      }
    }
    return found
  }

  async run(hours: number): Promise<void> {
    const endMs = this.now + hours * HOUR_MS
    const writers = [0, 1, 2].map((writer) => this.consume(writer, endMs))
    const done = Promise.all([...writers, this.seal(endMs), this.seal(endMs), this.query(endMs)])
    const passTime = () => {
      this.now += this.below(30_000)
    }
    await this.stage.play(done, 0.01, passTime)
  }

  close(): void {
    for (const store of this.stores) store.close()
  }
}

test('a store grows from 1 to 16 shelves and splits its hot metric while it is written and read', async () => {
  const growth = new Growth(16)
  try {
    await growth.run(16)
    const history = (await names.layout.readRecord())?.history ?? []
    const most = Math.max(...history.map(({ shelves }) => shelves))
    const [hot] = (await names.uids.namesToUids('metric', [HOT])).values()
    expect(history[0]?.shelves).toBe(1)
    expect(most).toBeGreaterThanOrEqual(16)
    expect(Math.max(...history.map(({ splits }) => splits.get(hot ?? 0) ?? 1))).toBeGreaterThanOrEqual(4)

    const everything = async () => {
      const read = await Promise.all(METRICS.map((metric) => growth.read(names, metric)))
      return [...new Map(read.flatMap((points) => [...points]))].sort()
    }
    const expected = [...growth.put].sort()
    expect(await everything()).toEqual(expected)
    growth.now += 3 * 86_400_000
    const options = { until: Number.POSITIVE_INFINITY, leaseMs: LEASE_MS, backOff: false, clock: () => growth.now }
    expect((await seal(names, options)).failures).toEqual([])
    expect(await everything()).toEqual(expected)

    // Sealed hours lie on as many shelves as their layout has, the later ones on more than the first.
    const ledger = await names.ledger.readLedger([...Array(most).keys()], START_S, START_S + 30 * HOUR_S)
    for (const [baseTime, hours] of ledger) {
      const { shelves } = layoutAt(history as Parameters<typeof layoutAt>[0], baseTime)
      expect(Math.max(...hours.map(({ shelf }) => shelf))).toBeLessThan(shelves)
      expect(hours.every(({ state }) => state === 'sealed')).toBe(true)
    }
    expect(ledger.get(START_S)).toHaveLength(1)
    expect(Math.max(...[...ledger.values()].map((hours) => hours.length))).toBeGreaterThan(4)
  } finally {
    growth.close()
  }
}, 240_000)
