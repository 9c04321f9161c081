import { strictEqual } from 'node:assert'
import { type Consumer, consumeBatch, createConsumer } from '../lib/ingest/consume.ts'
import { parseDeviceMapping } from '../lib/ingest/device-mapping.ts'
import { foldSeriesLog } from '../lib/ingest/index-series.ts'
import { planLayout } from '../lib/ingest/plan-layout.ts'
import { type SealReport, seal } from '../lib/ingest/seal.ts'
import { DEFAULT_LIMITS } from '../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../lib/model/series.ts'
import { StoredSeriesSource } from '../lib/query/index.ts'
import { openStore, type Store } from '../lib/store/index.ts'
import { layoutAt } from '../lib/store/layout.ts'
import { changeLayout } from '../lib/store/layout-record.ts'
import { type Fleet, metricName, mulberry32, pointCount } from './cases.ts'
import { BENCH_TABLES } from './emulators.ts'
import { FleetHour, WINDOW_S } from './unit-cases.ts'
import { ITEM_KINDS, noUnits, UnitMeter, type UnitsByKind } from './unit-meter.ts'

const HOUR_S = 3_600
/** Some hour: clocks are simulated. */
const FIRST_HOUR_S = 1_800_000_000
const MINUTE_WINDOWS = 60 / WINDOW_S
const HOUR_WINDOWS = HOUR_S / WINDOW_S
/** The template's schedule and retention of blocks. */
const SEAL_EVERY_WINDOWS = 300 / WINDOW_S
const BLOCK_TTL_DAYS = 14
const LEASE_MS = 930_000
const NO_BUDGET = { series: () => {}, points: () => {}, bytes: () => {}, time: () => {} }
const METRICS_CHECKED = 20

/** What an hour of a fleet costs. */
export interface HourCost {
  readonly shelves: number
  readonly points: number
  /** Of the first minute of all series, and moving them to the postings: what makes them known is among it. */
  readonly firstSight: UnitsByKind
  /** Of an hour of known series: consuming, and sealing it. */
  readonly hour: UnitsByKind
  /** What comes on top where a hundredth of the hour's points comes late: at once from few hosts, or strewn over half an hour. */
  readonly late: { readonly backlog: UnitsByKind; readonly strewn: UnitsByKind } | undefined
  readonly blockBytes: number
  readonly rowBytes: number
  /** Of the stream: records, their KB each rounded up, and their units of 25 KB. */
  readonly stream: { records: number; kilobytes: number; payloadUnits: number }
}

type MeasuredHour = Pick<HourCost, 'hour' | 'stream' | 'blockBytes' | 'rowBytes'>

/** A store of one fleet on an emulator, in simulated time. */
export class FleetStore {
  readonly #fleet: Fleet
  readonly #meter: UnitMeter
  readonly #store: Store
  readonly #consumers: readonly Consumer[]
  readonly #random: () => number
  #stream = { records: 0, kilobytes: 0, payloadUnits: 0 }
  #nowMs = 0
  #sequence = 0

  /** @param shards each with a consumer of its own, as Lambda runs one for each */
  constructor(fleet: Fleet, shards: number, endpoint: string) {
    this.#fleet = fleet
    this.#meter = new UnitMeter(endpoint)
    this.#random = mulberry32(fleet.seed)
    this.#store = this.#open()
    this.#consumers = Array.from({ length: shards }, () =>
      createConsumer({
        store: this.#open(),
        limits: DEFAULT_LIMITS,
        mapping: parseDeviceMapping('{}'),
        blockTtlDays: BLOCK_TTL_DAYS,
        clock: () => this.#nowMs,
      }),
    )
  }

  #open(): Store {
    const { client } = this.#meter
    const clock = () => this.#nowMs
    return openStore({ tables: BENCH_TABLES, uidWidths: DEFAULT_UID_WIDTHS, shelves: 1, saltBuckets: 1, client, clock })
  }

  /** Lets a fleet report for a minute, then, in the layout that sealing plans for what it saw, for an hour, and then late. */
  async measure(withLate: boolean, sample: number): Promise<HourCost> {
    const firstHour = new FleetHour(this.#fleet, FIRST_HOUR_S)
    for (let window = 0; window < MINUTE_WINDOWS; window++) await this.#consumeWindow(firstHour, window)
    const minute = await this.#store.data.readBlocks(0, firstHour.baseTime)
    const minuteBytes = minute.reduce((sum, { length }) => sum + length, 0)
    // As sealing would, but without the rows, which are the same for all points.
    for (const metric of (await this.#metricUids()).values()) {
      await foldSeriesLog({ ...this.#store, widths: DEFAULT_UID_WIDTHS }, metric)
    }
    const firstSight = this.#meter.take()

    const hour = new FleetHour(this.#fleet, FIRST_HOUR_S + 6 * HOUR_S)
    this.#nowMs = FIRST_HOUR_S * 1000 + 2 * HOUR_S * 1000
    await this.#planFor(hour.baseTime, minuteBytes * 60)
    this.#meter.take()
    const measured = sample === 1 ? await this.#measureHour(hour) : await this.#measureSample(hour, sample)
    const { shelves } = layoutAt(await this.#store.layout.readLayout(), hour.baseTime)
    this.#meter.take()
    const late = withLate ? await this.#measureLate(hour) : undefined
    this.#store.close()
    for (const { store } of this.#consumers) store.close()
    return { ...measured, shelves, points: pointCount(this.#fleet), firstSight, late }
  }

  /** All of an hour, consumed and sealed. */
  async #measureHour(hour: FleetHour): Promise<MeasuredHour> {
    this.#stream = { records: 0, kilobytes: 0, payloadUnits: 0 }
    let points = 0
    for (let window = 0; window < HOUR_WINDOWS; window++) points += await this.#consumeWindow(hour, window)
    strictEqual(points, pointCount(this.#fleet))
    const stream = this.#stream
    const { blockBytes, rowBytes, ...sealed } = await this.#sealAfter(hour)
    strictEqual(sealed.points, points)
    strictEqual(sealed.rows, this.#fleet.hosts * this.#fleet.metrics)
    const units = this.#meter.take()
    await this.#check(hour, 1)
    return { hour: units, stream, blockBytes, rowBytes }
  }

  /**
   * One minute in `sample` of an hour, whose blocks' units are multiplied, and of the hour after it one host in `sample`, sealed, whose
   * rows' units are: a block is what it is whatever the other minutes hold, and a row whatever the other hosts do.
   */
  async #measureSample(hour: FleetHour, sample: number): Promise<MeasuredHour> {
    this.#stream = { records: 0, kilobytes: 0, payloadUnits: 0 }
    for (let window = 0; window < HOUR_WINDOWS; window++) {
      if (Math.floor(window / MINUTE_WINDOWS) % sample === 0) await this.#consumeWindow(hour, window)
    }
    const { records, kilobytes, payloadUnits } = this.#stream
    const stream = { records: records * sample, kilobytes: kilobytes * sample, payloadUnits: payloadUnits * sample }
    const blocks = this.#meter.take()
    const { shelves } = layoutAt(await this.#store.layout.readLayout(), hour.baseTime)
    const ledger = await this.#store.ledger.readLedger([...Array(shelves).keys()], hour.baseTime, hour.baseTime)
    let blockBytes = 0
    for (const { shelf } of ledger.get(hour.baseTime) ?? []) {
      for (const bytes of await this.#store.data.readBlocks(shelf, hour.baseTime)) blockBytes += bytes.length * sample
    }

    const next = new FleetHour(this.#fleet, hour.baseTime + HOUR_S)
    for (let window = 0; window < HOUR_WINDOWS; window += MINUTE_WINDOWS) {
      const records: Uint8Array[] = []
      for (let i = 0; i < MINUTE_WINDOWS; i++) records.push(...next.records((window + i) * WINDOW_S, sample))
      this.#nowMs = (next.baseTime + (window + MINUTE_WINDOWS) * WINDOW_S) * 1000
      await this.#consume(records)
    }
    this.#meter.take()
    this.#nowMs = (next.baseTime + HOUR_S + 400) * 1000
    const range = { from: next.baseTime, to: next.baseTime + HOUR_S }
    const sealed = await this.#seal(range)
    strictEqual(sealed.points, Math.ceil(this.#fleet.hosts / sample) * this.#fleet.metrics * this.#fleet.steps)
    const rows = this.#meter.take()
    await this.#check(next, sample)
    const units = noUnits()
    for (const kind of ITEM_KINDS) {
      for (const what of ['writes', 'reads', 'requests'] as const) {
        const ofBlocks = blocks[kind][what] * (kind === 'blocks' ? sample : 1)
        units[kind][what] = ofBlocks + rows[kind][what] * (kind === 'blocks' || kind === 'rows' ? sample : 1)
      }
    }
    return { hour: units, stream, blockBytes, rowBytes: sealed.rowBytes * sample }
  }

  async #consumeWindow(hour: FleetHour, window: number): Promise<number> {
    this.#nowMs = (hour.baseTime + (window + 1) * WINDOW_S) * 1000
    return this.#consume(hour.records(window * WINDOW_S))
  }

  /** @returns points stored */
  async #consume(records: readonly Uint8Array[]): Promise<number> {
    const batches = this.#consumers.map(() => [] as Uint8Array[])
    for (const bytes of records) {
      batches[Math.floor(this.#random() * batches.length)]!.push(bytes)
      this.#stream.records++
      this.#stream.kilobytes += Math.ceil(bytes.length / 1024)
      this.#stream.payloadUnits += Math.ceil(bytes.length / (25 * 1024))
    }
    let points = 0
    for (const [shard, batch] of batches.entries()) {
      if (batch.length === 0) continue
      const inputs = batch.map((bytes) => {
        const sequence = String(49_590_338_271_490_256_608n * 10n ** 36n + BigInt(this.#sequence++))
        return { sequence, arrivalMs: this.#nowMs - Math.floor(this.#random() * WINDOW_S * 1000), shard, bytes }
      })
      const result = await consumeBatch(this.#consumers[shard]!, inputs)
      strictEqual(result.failed, undefined)
      strictEqual(result.rejects, 0)
      points += result.points
    }
    return points
  }

  async #sealAfter(hour: FleetHour): Promise<SealReport> {
    this.#nowMs = (hour.baseTime + HOUR_S + 400) * 1000
    return this.#seal()
  }

  async #seal(range = { from: 0, to: Number.POSITIVE_INFINITY }): Promise<SealReport> {
    const clock = () => this.#nowMs
    const report = await seal(this.#store, { until: Number.POSITIVE_INFINITY, leaseMs: LEASE_MS, range, clock })
    strictEqual(report.failures.length, 0)
    return report
  }

  async #measureLate(hour: FleetHour): Promise<{ backlog: UnitsByKind; strewn: UnitsByKind }> {
    const backlog = await this.#late(hour, [hour.backlogRecords()], 2)
    // After the rounds that the backlog has had there is another chance for each only every six hours.
    const strewn = await this.#late(hour, hour.strewnRecords(HOUR_WINDOWS / 2), 11)
    await this.#check(hour, 1)
    return { backlog, strewn }
  }

  /** Late records, a lot a window, sealed by the schedule. */
  async #late(hour: FleetHour, lots: readonly Uint8Array[][], hoursLater: number): Promise<UnitsByKind> {
    const startMs = (hour.baseTime + hoursLater * HOUR_S) * 1000
    for (const [window, records] of lots.entries()) {
      this.#nowMs = startMs + (window + 1) * WINDOW_S * 1000
      await this.#consume(records)
      if ((window + 1) % SEAL_EVERY_WINDOWS === 0) await this.#seal()
    }
    for (const minutes of [5, 70, 450]) {
      this.#nowMs += minutes * 60_000
      await this.#seal()
    }
    return this.#meter.take()
  }

  /** Has the hour lie in the layout that seal would have planned, had it seen hours like it. */
  async #planFor(baseTime: number, hourBytes: number): Promise<void> {
    const record = await this.#store.layout.readRecord()
    if (record === undefined) throw new Error('The store has no layout')
    const uids = [...(await this.#metricUids()).values()]
    const metricBytes = new Map(uids.map((uid) => [uid, hourBytes / uids.length]))
    const change = planLayout(record.history, [{ shelf: 0, baseTime, blockBytes: hourBytes, metricBytes }])
    if (change !== undefined)
      strictEqual(await this.#store.layout.replace(record, changeLayout(record, baseTime, change)), true)
    // What consumers have of it is older than a minute by then.
  }

  async #metricUids(): Promise<ReadonlyMap<string, number>> {
    const names = Array.from({ length: this.#fleet.metrics }, (_, metric) => metricName(metric))
    return this.#store.uids.namesToUids('metric', names)
  }

  /** Reads some metrics' hours and compares every point. */
  async #check(hour: FleetHour, hostStep: number): Promise<void> {
    const { metrics, hosts, steps } = this.#fleet
    const source = new StoredSeriesSource(this.#store, DEFAULT_UID_WIDTHS, () => this.#nowMs)
    const range = { from: hour.baseTime, to: hour.baseTime + HOUR_S }
    for (let i = 0; i < Math.min(metrics, METRICS_CHECKED); i++) {
      const metric = metrics <= METRICS_CHECKED ? i : Math.floor(this.#random() * metrics)
      const uid = (await this.#store.uids.namesToUids('metric', [metricName(metric)])).get(metricName(metric)) ?? 0
      const expected: string[] = []
      for (let host = 0; host < hosts; host += hostStep) {
        const points = Array.from(
          { length: steps },
          (_, step) => `${hour.time(host, step)} ${hour.value(host, metric, step)}`,
        )
        expected.push(points.join())
      }
      const read = await source.read(uid, range, () => true, NO_BUDGET)
      const found = read.map(({ points }) =>
        Array.from({ length: points.count }, (_, p) => `${points.times[p]! / 1000} ${points.values[p]}`).join(),
      )
      strictEqual(found.sort().join('\n'), expected.sort().join('\n'))
    }
  }
}
