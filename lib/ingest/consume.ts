import { UnavailableError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { Store } from '../store/index.ts'
import { type LayoutHistory, layoutAt, type ShelfLayout, shelfOf } from '../store/layout.ts'
import { mapParallel } from '../store/parallel.ts'
import { Gardener } from '../tree/live.ts'
import { BlockEncoder, type EncodedBlock } from './blocks.ts'
import { type DecodedRecord, decodeRecord, type IndexedBatch, type StreamInput } from './decode-record.ts'
import type { DeviceMapping } from './device-mapping.ts'
import { whyOf } from './faults.ts'
import { groupPoints, type ResolvedBatch, type ShelvesOfHour } from './group.ts'
import { type IngestHooks, NO_HOOKS } from './hooks.ts'
import { withDays } from './series-days.ts'
import { SeriesNoter } from './series-noter.ts'
import { isResolved, type Resolution, type ResolvedSeries, SeriesResolver } from './series-resolver.ts'
import { type BlockWriter, writeBlocks } from './write-blocks.ts'

/** Points that are held at once: what bounds memory however well the records of a batch were packed. */
const POINTS_PER_PASS = 1_000_000
const PARALLEL_WRITES = 16
const HOUR_MS = 3_600_000

/** What consuming works with; one of them lives as long as its function's instance and remembers series. */
export interface Consumer extends BlockWriter {
  readonly store: Store
  readonly limits: Limits
  readonly mapping: DeviceMapping
  readonly series: SeriesResolver
  readonly noter: SeriesNoter
  readonly encoder: BlockEncoder
  readonly hooks: IngestHooks
}

/** @param options clock: Date.now by default; hooks: none by default */
export function createConsumer(
  options: Pick<Consumer, 'store' | 'limits' | 'mapping' | 'blockTtlDays'> & {
    readonly clock?: () => number
    readonly hooks?: IngestHooks
  },
): Consumer {
  const { store, limits } = options
  const { uids, documents, trees } = store
  const { hooks = NO_HOOKS } = options
  const gardener = trees === undefined ? undefined : new Gardener({ uids, documents, trees })
  return {
    clock: Date.now,
    ...options,
    hooks,
    series: new SeriesResolver(store.uids, storedLimits(limits), undefined, hooks.refuse),
    noter: new SeriesNoter(
      store.seriesLog,
      store.postings,
      (tsuids) => gardener?.plantNew(tsuids) ?? Promise.resolve(),
    ),
    encoder: new BlockEncoder(store.uids.widths),
  }
}

/** What packed records may hold: their points were checked when they were put, by whichever API they came. */
function storedLimits(limits: Limits): Limits {
  return {
    ...limits,
    tags: Math.max(limits.tags, limits.kairosTags),
    nameBytes: Math.max(limits.nameBytes, limits.kairosNameBytes),
  }
}

export interface ConsumeResult {
  /** Points stored. */
  readonly points: number
  /** Records that are in the rejects, whole or for a part of them. */
  readonly rejects: number
  /** Where the store was away: the sequence number of the first record to be delivered again, and why. */
  readonly failed?: { readonly from: string; readonly cause: UnavailableError }
}

/**
 * Stores the points of a batch of stream records. Delivered again, whole or in other batches, it writes other blocks with
 * the same points of the same origin, which readers take for one.
 *
 * The order of writes is what readers rely on; each line below is awaited before the next:
 *
 *     UIDs          a name can be found before anything refers to its UID
 *     trees         a series that is found new is in the trees before it is noted as known
 *     series log    a series can be found before it has points
 *     ledger        readers look for blocks where the ledger says there are some
 *     blocks        from here on the points are readable
 *     late notes    a block after its hour's cut-off is not overlooked by sealing; with the rejects
 *     acks          who waits for ?sync is told last
 *
 * What can't be read or breaks a rule goes to the rejects and the rest is stored. A crash in between leaves the batch to be
 * delivered again, which does whatever was left.
 * @param records in the order of their shard
 * @throws whatever is not the store being away: a bug, or a store that refuses; nothing then counts as stored
 */
export async function consumeBatch(consumer: Consumer, records: readonly StreamInput[]): Promise<ConsumeResult> {
  let points = 0
  let rejects = 0
  for (const pass of decodeInPasses(consumer, records)) {
    try {
      points += await storePass(consumer, pass)
      rejects += pass.filter((record) => record.faults.count > 0).length
    } catch (cause) {
      const first = pass[0]
      if (!(cause instanceof UnavailableError) || first === undefined) throw cause
      return { points, rejects, failed: { from: first.input.sequence, cause } }
    }
  }
  return { points, rejects }
}

/** Decodes no more records at a time than are stored together. */
function* decodeInPasses(consumer: Consumer, records: readonly StreamInput[]): Generator<DecodedRecord[]> {
  let pass: DecodedRecord[] = []
  let points = 0
  for (const input of records) {
    const record = consumer.hooks.keepAllowed(decodeRecord(input, consumer.mapping, consumer.limits))
    pass.push(record)
    points += countPoints(record)
    if (points >= POINTS_PER_PASS) {
      yield pass
      pass = []
      points = 0
    }
  }
  if (pass.length > 0) yield pass
}

function countPoints(record: DecodedRecord): number {
  return record.batches.reduce((sum, { batch }) => sum + batch.points.count, 0)
}

/** A record whose series have UIDs, as far as they can. */
export interface ResolvedRecord {
  readonly record: DecodedRecord
  readonly batches: readonly Omit<ResolvedBatch, 'source'>[]
  /** Points to store; 0 once the record proves to be one that can't be encoded. */
  points: number
}

/** What a pass is to write, but for the rejects, which are its records with faults. */
interface PreparedPass {
  readonly records: readonly ResolvedRecord[]
  /** Every series of the records, each once. */
  readonly series: readonly ResolvedSeries[]
  readonly blocks: readonly EncodedBlock[]
}

/** @returns points stored */
async function storePass(consumer: Consumer, decoded: readonly DecodedRecord[]): Promise<number> {
  const { records, series, blocks } = await preparePass(consumer, decoded)
  await consumer.noter.note(withDays(records, series))
  await Promise.all([writeBlocks(consumer, blocks), writeRejects(consumer.store, decoded)])
  await writeAcks(consumer.store, records)
  await consumer.hooks.stored(records)
  return records.reduce((sum, { points }) => sum + points, 0)
}

/**
 * From records to blocks; of the store it needs but the UIDs of new names and, once a minute, the layout and the epoch. From here on
 * the layout of the records' hours can't change, however long writing their blocks takes.
 */
async function preparePass(consumer: Consumer, decoded: readonly DecodedRecord[]): Promise<PreparedPass> {
  const [history, forgotten] = await Promise.all([
    consumer.store.layout.ensureLayout(hoursOf(decoded)),
    consumer.series.refresh(),
  ])
  if (forgotten) consumer.noter.clear()
  const { records, series } = await resolveRecords(consumer.series, inOrderOfPrecedence(decoded))
  return { records, series, blocks: encodeRecords(consumer.encoder, records, series, shelvesBy(history, series)) }
}

/**
 * What consumeBatch does but for the writes: for measuring it alone.
 * @returns the encoded blocks
 */
export async function encodeBatch(consumer: Consumer, records: readonly StreamInput[]): Promise<EncodedBlock[]> {
  const blocks: EncodedBlock[] = []
  for (const pass of decodeInPasses(consumer, records)) blocks.push(...(await preparePass(consumer, pass)).blocks)
  return blocks
}

/** Of one series and instant the point that arrived later counts: by arrival, then shard, then sequence. */
function inOrderOfPrecedence(decoded: readonly DecodedRecord[]): DecodedRecord[] {
  return [...decoded].sort(
    ({ source: a }, { source: b }) =>
      a.arrival - b.arrival || a.shard - b.shard || (a.sequence < b.sequence ? -1 : a.sequence > b.sequence ? 1 : 0),
  )
}

/**
 * Finds the UIDs of every series and numbers the series that have them from 0.
 * @returns the records in their order, and the series by number
 */
async function resolveRecords(
  resolver: SeriesResolver,
  decoded: readonly DecodedRecord[],
): Promise<Omit<PreparedPass, 'blocks'>> {
  const batches = decoded.flatMap((record) => record.batches)
  const resolutions = await resolver.resolve(batches.map(({ batch }) => batch.series))
  const resolutionsOf = new Map(batches.map((batch, i) => [batch, resolutions[i] ?? []]))
  const numbers = new Map<ResolvedSeries, number>()
  const records = decoded.map((record) => {
    let points = 0
    const resolved = record.batches.map((indexed) => {
      const seriesIds = numberSeries(resolutionsOf.get(indexed) ?? [], numbers)
      points +=
        indexed.batch.points.count - reportUnresolved(record, indexed, resolutionsOf.get(indexed) ?? [], seriesIds)
      return { batch: indexed.batch, seriesIds }
    })
    return { record, batches: resolved, points }
  })
  return { records, series: [...numbers.keys()] }
}

/** @returns the numbers of a batch's series, -1 for those without UIDs and for what stands behind the last */
function numberSeries(resolutions: readonly Resolution[], numbers: Map<ResolvedSeries, number>): Int32Array {
  const ids = new Int32Array(resolutions.length + 1).fill(-1)
  for (const [i, resolution] of resolutions.entries()) {
    if (!isResolved(resolution)) continue
    let id = numbers.get(resolution)
    if (id === undefined) {
      id = numbers.size
      numbers.set(resolution, id)
    }
    ids[i] = id
  }
  return ids
}

/** Adds a fault for every point whose series has no UIDs. @returns points of the batch that can't be stored */
function reportUnresolved(
  record: DecodedRecord,
  { batch, indexOf }: IndexedBatch,
  resolutions: readonly Resolution[],
  seriesIds: Int32Array,
): number {
  let unresolved = 0
  for (let i = 0; i < batch.points.count; i++) {
    const series = batch.seriesOf[i]!
    if (seriesIds[series]! >= 0) continue
    unresolved++
    const resolution = resolutions[series]
    // What has no resolution was found faulty, and said so, when it was decoded.
    if (resolution !== undefined && !isResolved(resolution)) record.faults.addPoint(indexOf(i), resolution.fault)
  }
  return unresolved
}

/** The starts of the hours that points of the records lie in, in seconds. */
function hoursOf(decoded: readonly DecodedRecord[]): number[] {
  const hours = new Set<number>()
  let [from, to] = [0, 0]
  for (const { batches } of decoded) {
    for (const { batch } of batches) {
      const { count, times } = batch.points
      for (let i = 0; i < count; i++) {
        const time = times[i]!
        if (time >= from && time < to) continue
        from = time - (time % HOUR_MS)
        to = from + HOUR_MS
        hours.add(from / 1000)
      }
    }
  }
  return [...hours]
}

function shelvesBy(history: LayoutHistory, series: readonly ResolvedSeries[]): ShelvesOfHour {
  const byLayout = new Map<ShelfLayout, Uint16Array>()
  return (baseTime) => {
    const layout = layoutAt(history, baseTime)
    let shelves = byLayout.get(layout)
    if (shelves === undefined) {
      shelves = Uint16Array.from(series, ({ metric, hash }) => shelfOf(layout, metric, hash))
      byLayout.set(layout, shelves)
    }
    return shelves
  }
}

/**
 * Encodes all records together; where that fails for any reason, halves of them, until the record that it fails for stands
 * alone and is rejected. One record must never stop its shard.
 */
function encodeRecords(
  encoder: BlockEncoder,
  records: readonly ResolvedRecord[],
  series: readonly ResolvedSeries[],
  shelvesOfHour: ShelvesOfHour,
): EncodedBlock[] {
  const sources = records.map(({ record }) => record.source)
  const batches = records.flatMap((record, source) => record.batches.map((batch) => ({ ...batch, source })))
  try {
    return encoder.encodeAll(groupPoints(sources, series, batches, shelvesOfHour))
  } catch (error) {
    const [first] = records
    if (first === undefined || records.length > 1) {
      const middle = Math.ceil(records.length / 2)
      return [records.slice(0, middle), records.slice(middle)].flatMap((half) =>
        encodeRecords(encoder, half, series, shelvesOfHour),
      )
    }
    for (const { batch, indexOf } of first.record.batches) {
      for (let i = 0; i < batch.points.count; i++)
        first.record.faults.addPoint(indexOf(i), `It can't be encoded: ${whyOf(error)}`)
    }
    first.points = 0
    return []
  }
}

/** Keeps the records that have faults, whole: whoever mends the cause can send them again without doubling their good points. */
async function writeRejects({ rejects }: Store, decoded: readonly DecodedRecord[]): Promise<void> {
  const faulty = decoded.filter(({ faults }) => faults.count > 0)
  await mapParallel(faulty, PARALLEL_WRITES, ({ source, input, faults }) =>
    rejects.put({ ...source, reason: faults.reason(), bytes: input.bytes }),
  )
}

async function writeAcks({ acks }: Store, records: readonly ResolvedRecord[]): Promise<void> {
  await mapParallel(records, PARALLEL_WRITES, async ({ record: { sync, faults }, points }) => {
    if (sync !== undefined) await acks.write(sync.id, sync.part, { stored: points, errors: faults.points })
  })
}
