import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import { decodePostings, encodePostings, LAST_DAY, type Posting } from '../codec/postings.ts'
import { decodeSeriesPage, encodeSeriesPage, SERIES_PAGE_VERSION } from '../codec/series-page.ts'
import { compareTsuids } from '../codec/tsuid.ts'
import type { UidWidths } from '../model/series.ts'
import { bytesAt } from './attributes.ts'
import { type Dynamo, type Item, type ItemKey, keyOf } from './dynamo.ts'
import { seriesLogPk, seriesLogSk } from './keys.ts'
import { chunksOf } from './parallel.ts'

/** An item must stay below 400 KB. */
const MAX_PAGE_BYTES = 300_000

/** Series of a page before its size is looked at: what usually fits. */
const SERIES_PER_PAGE = 50_000

/** An item of the log as it was read. */
export interface SeriesLogItem {
  readonly key: ItemKey
  readonly postings: readonly Posting[]
}

/** The log of series as they are first seen, in tsdb-meta: an item per metric and batch. */
export class SeriesLog {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #widths: UidWidths
  readonly #clock: () => number

  /** @param clock milliseconds since 1970 */
  constructor(dynamo: Dynamo, table: string, widths: UidWidths, clock: () => number = Date.now) {
    this.#dynamo = dynamo
    this.#table = table
    this.#widths = widths
    this.#clock = clock
  }

  /**
   * Notes series of a metric that may have points at any time. To be called before their first points are written, so that a
   * point can always be found.
   * @param metric the metric's UID
   * @param tsuids in any order
   * @throws StoreUnavailableError
   */
  async append(metric: number, tsuids: readonly Uint8Array[]): Promise<void> {
    await this.#put([[metric, seriesPages(tsuids, this.#widths)]])
  }

  /**
   * Notes series of many metrics with the days of their points, in few requests; as append.
   * @param entries the postings of a metric in any order, each series once
   * @throws StoreUnavailableError
   */
  async appendAll(entries: Iterable<readonly [metric: number, postings: readonly Posting[]]>): Promise<void> {
    await this.#put(
      [...entries].map(([metric, postings]) => {
        const sorted = [...postings].sort((a, b) => compareTsuids(a.tsuid, b.tsuid))
        const pages = chunksOf(sorted, SERIES_PER_PAGE).flatMap((some) => postingsPages(some, this.#widths))
        return [metric, pages]
      }),
    )
  }

  async #put(entries: readonly (readonly [metric: number, pages: readonly Uint8Array[]])[]): Promise<void> {
    const writtenAt = this.#clock()
    const items = entries.flatMap(([metric, pages]) => {
      const pk = seriesLogPk(metric, this.#widths.metric)
      return pages.map((page): Item => ({ ...keyOf({ pk, sk: seriesLogSk(writtenAt, page) }), series: { B: page } }))
    })
    await this.#dynamo.batchPut(this.#table, items)
  }

  /**
   * Every series noted of a metric, each once, ascending, strongly consistently.
   * @throws StoreUnavailableError
   */
  async read(metric: number): Promise<Uint8Array[]> {
    const noted: Uint8Array[] = []
    for await (const items of this.readItems(metric)) {
      for (const { postings } of items) for (const { tsuid } of postings) noted.push(tsuid)
    }
    return sortedOnce(noted)
  }

  /**
   * The items of a metric's log, strongly consistently.
   * @yields those of one answer after the other, in order of writing
   * @throws StoreUnavailableError
   */
  async *readItems(metric: number): AsyncGenerator<SeriesLogItem[]> {
    for await (const page of this.#dynamo.query(readSeriesLogInput(this.#table, metric, this.#widths.metric))) {
      yield page.map((item) => ({
        key: { pk: bytesAt(item, 'pk'), sk: bytesAt(item, 'sk') },
        postings: decodeLogged(bytesAt(item, 'series')),
      }))
    }
  }

  /**
   * Puts series with their days into few items, in place of the items that they were read from: those are deleted once
   * the new ones are there.
   * @throws StoreUnavailableError
   */
  async replace(metric: number, items: readonly SeriesLogItem[], postings: readonly Posting[]): Promise<void> {
    const writtenAt = this.#clock()
    const pk = seriesLogPk(metric, this.#widths.metric)
    const fresh = postingsPages(postings, this.#widths).map((page) => ({
      key: { pk, sk: seriesLogSk(writtenAt, page) },
      page,
    }))
    await this.#dynamo.batchPut(
      this.#table,
      fresh.map(({ key, page }) => ({ ...keyOf(key), series: { B: page } })),
    )
    const stays = new Set(fresh.map(({ key }) => Buffer.from(key.sk).toString('hex')))
    await this.remove(items.filter(({ key }) => !stays.has(Buffer.from(key.sk).toString('hex'))))
  }

  /**
   * Deletes items of the log whose series are held elsewhere.
   * @throws StoreUnavailableError
   */
  async remove(items: readonly SeriesLogItem[]): Promise<void> {
    await this.#dynamo.batchDelete(
      this.#table,
      items.map(({ key }) => key),
    )
  }
}

/** An item of the log: a page from before days were kept, or one of postings. */
function decodeLogged(bytes: Uint8Array): Posting[] {
  if (bytes[0] !== SERIES_PAGE_VERSION) return decodePostings(bytes)
  return decodeSeriesPage(bytes).map((tsuid) => ({ tsuid, firstDay: 0, lastDay: LAST_DAY }))
}

/** The pages that hold some series with their days, each small enough for an item. */
function postingsPages(postings: readonly Posting[], widths: UidWidths): Uint8Array[] {
  const page = encodePostings(postings, widths)
  if (page.length <= MAX_PAGE_BYTES || postings.length === 1) return [page]
  const middle = postings.length >> 1
  return [...postingsPages(postings.slice(0, middle), widths), ...postingsPages(postings.slice(middle), widths)]
}

export function readSeriesLogInput(table: string, metric: number, width: number): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :metric',
    ExpressionAttributeValues: { ':metric': { B: seriesLogPk(metric, width) } },
    ConsistentRead: true,
  }
}

/** The pages that hold series of one metric, each small enough for an item. */
export function seriesPages(tsuids: readonly Uint8Array[], widths: UidWidths): Uint8Array[] {
  const fitting = (chunk: readonly Uint8Array[]): Uint8Array[] => {
    const page = encodeSeriesPage(chunk, widths)
    if (page.length <= MAX_PAGE_BYTES || chunk.length === 1) return [page]
    const middle = chunk.length >> 1
    return [...fitting(chunk.slice(0, middle)), ...fitting(chunk.slice(middle))]
  }
  return chunksOf(sortedOnce(tsuids), SERIES_PER_PAGE).flatMap(fitting)
}

function sortedOnce(tsuids: readonly Uint8Array[]): Uint8Array[] {
  const sorted = [...tsuids].sort(compareTsuids)
  return sorted.filter((tsuid, i) => i === 0 || compareTsuids(sorted[i - 1] ?? tsuid, tsuid) !== 0)
}
