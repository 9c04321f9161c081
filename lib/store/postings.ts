import { randomBytes } from 'node:crypto'
import type { GetItemCommandInput, PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import {
  decodeDirectory,
  decodePostings,
  encodeDirectory,
  encodePostings,
  listKey,
  PAGE_ID_BYTES,
  type PageEntry,
  type Posting,
  separator,
  tagvAt,
} from '../codec/postings.ts'
import { readUid } from '../codec/tsuid.ts'
import { CorruptDataError } from '../model/errors.ts'
import type { UidWidths } from '../model/series.ts'
import { bytesAt } from './attributes.ts'
import { type Dynamo, IS_NEW, type Item, type ItemKey, keyOf } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { directoryKey, postingsPageKey, postingsPk } from './keys.ts'
import { mapParallel } from './parallel.ts'
import {
  byPage,
  type Keyed,
  meets,
  mergeSorted,
  pageIndex,
  pagesOf,
  startOf,
  type TagConstraint,
} from './postings-pages.ts'

/** What a page holds at most; small, because a reader of one series reads a page of a list. */
export const MAX_PAGE_BYTES = 16_384

/** Series of a page before its size is looked at: what usually fits. */
const SERIES_PER_PAGE = 4096

/** Pages of one list that are read and written at a time. */
const PARALLEL_PAGES = 8

/** Pages that a stream reads at first, and at most at a time. */
const FIRST_PAGES = 2
const MOST_PAGES = 128

const TOKEN_BYTES = 8

/** How often a list is begun again because its pages were replaced meanwhile; folds take seconds, so more means damage. */
const MAX_ATTEMPTS = 50

/** What a search for series found. */
export interface FoundSeries {
  readonly series: readonly Posting[]
  /** Series of the metric, whether they were looked for or not. */
  readonly total: number
}

/** A list's directory as it was read. */
interface Directory {
  /** Undefined: every series of the metric. */
  readonly tagk: number | undefined
  readonly pages: readonly PageEntry[]
  /** What the writer of this version called it; undefined where there is none yet. */
  readonly token: Uint8Array | undefined
}

/** The postings of tsdb-meta: docs/format/postings.md says how lists lie in pages and how they change. */
export class PostingsStore {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #widths: UidWidths
  readonly #maxPageBytes: number

  /** @param maxPageBytes what a page holds at most when it is written */
  constructor(dynamo: Dynamo, table: string, widths: UidWidths, maxPageBytes: number = MAX_PAGE_BYTES) {
    this.#dynamo = dynamo
    this.#table = table
    this.#widths = widths
    this.#maxPageBytes = maxPageBytes
  }

  /**
   * Adds series to one list of their metric; those that it holds get the days of both. Several at once lose nothing.
   * @param tagk the list's tag key, which every series has; undefined: the list of all series
   * @param postings of the metric, in any order
   * @returns pages written
   * @throws StoreUnavailableError; the list then is as it was or has all of them
   */
  async merge(metric: number, tagk: number | undefined, postings: readonly Posting[]): Promise<number> {
    const added = this.#keyed(postings, tagk)
    added.sort((a, b) => Buffer.compare(a.key, b.key))
    const list = { metric, tagk }
    return untilWhole(async () => {
      const directory = await this.#readDirectory(metric, tagk)
      const changed = await this.#writePages(list, directory, added)
      if (changed === undefined) return undefined
      if (changed.written.length === 0) return 0
      const replacing = await this.#replaceDirectory(list, directory, changed)
      const left = replacing ? changed.replaced : changed.written
      await this.#dynamo.batchDelete(
        this.#table,
        left.map((id) => postingsPageKey(metric, tagk, id, this.#widths)),
      )
      return replacing ? changed.written.length : undefined
    })
  }

  /**
   * Puts new pages for those that the series go into.
   * @returns the pages of the list then, and which ids came and went; undefined where the directory proves outdated
   */
  async #writePages(
    list: ListName,
    directory: Directory,
    added: readonly Keyed[],
  ): Promise<{ pages: PageEntry[]; written: Uint8Array[]; replaced: Uint8Array[] } | undefined> {
    const touched = byPage(directory.pages, added)
    const written: Uint8Array[] = []
    const replaced: Uint8Array[] = []
    const rewritten = await mapParallel(touched, PARALLEL_PAGES, async ({ page, entries }) => {
      const before = page === undefined ? [] : await this.#readPage(list, page.id)
      if (before === undefined) return undefined
      const merged = mergeSorted(this.#keyed(before, list.tagk), entries)
      if (merged === undefined && page !== undefined) return [page]
      const pieces = this.#cut(merged ?? entries, page?.from ?? new Uint8Array(), list.tagk)
      await this.#dynamo.batchPut(
        this.#table,
        pieces.map(({ entry, bytes }) => this.#pageItem(list, entry.id, bytes)),
      )
      for (const { entry } of pieces) written.push(entry.id)
      if (page !== undefined) replaced.push(page.id)
      return pieces.map(({ entry }) => entry)
    })
    if (rewritten.includes(undefined)) {
      await this.#dynamo.batchDelete(
        this.#table,
        written.map((id) => postingsPageKey(list.metric, list.tagk, id, this.#widths)),
      )
      return undefined
    }
    const byOld = new Map(touched.map(({ page }, i) => [page, rewritten[i] ?? []]))
    const pages =
      directory.pages.length === 0
        ? (byOld.get(undefined) ?? [])
        : directory.pages.flatMap((page) => byOld.get(page) ?? [page])
    return { pages, written, replaced }
  }

  /** Cuts entries into pages small enough, the first of which keeps the lower bound `from`. */
  #cut(
    entries: readonly Keyed[],
    from: Uint8Array,
    tagk: number | undefined,
  ): { entry: PageEntry; bytes: Uint8Array }[] {
    if (entries.length <= SERIES_PER_PAGE) {
      const bytes = encodePostings(
        entries.map(({ posting }) => posting),
        this.#widths,
      )
      if (bytes.length <= this.#maxPageBytes || entries.length === 1)
        return [{ entry: { from, id: randomBytes(PAGE_ID_BYTES), series: entries.length }, bytes }]
    }
    const middle = entries.length >> 1
    const [left, right] = [entries.slice(0, middle), entries.slice(middle)]
    const bound = separator(left.at(-1)!.key, right[0]!.key, tagk === undefined ? 0 : this.#widths.tagv)
    return [...this.#cut(left, from, tagk), ...this.#cut(right, bound, tagk)]
  }

  #keyed(postings: readonly Posting[], tagk: number | undefined): Keyed[] {
    return postings.map((posting) => ({ key: listKey(posting.tsuid, tagk, this.#widths), posting }))
  }

  #pageItem({ metric, tagk }: ListName, id: Uint8Array, bytes: Uint8Array): Item {
    return { ...keyOf(postingsPageKey(metric, tagk, id, this.#widths)), page: { B: bytes } }
  }

  /** @returns undefined where the page was replaced */
  async #readPage({ metric, tagk }: ListName, id: Uint8Array): Promise<Posting[] | undefined> {
    const key = postingsPageKey(metric, tagk, id, this.#widths)
    const item = await this.#dynamo.get({ TableName: this.#table, Key: keyOf(key), ConsistentRead: true })
    return item === undefined ? undefined : decodePostings(bytesAt(item, 'page'))
  }

  /** @returns whether the directory was still the one that was read */
  async #replaceDirectory(
    { metric, tagk }: ListName,
    read: Directory,
    { pages, written }: { readonly pages: readonly PageEntry[]; readonly written: readonly Uint8Array[] },
  ): Promise<boolean> {
    const token = randomBytes(TOKEN_BYTES)
    const key = directoryKey(metric, tagk, this.#widths)
    try {
      await this.#dynamo.put(
        replaceDirectoryInput(this.#table, { ...keyOf(key), ...directoryItem(pages, token) }, read.token),
      )
      return true
    } catch (error) {
      if (!(error instanceof ConditionFailedError)) throw error
      // An attempt whose answer was lost may have been ours; whoever came after it names what it wrote, but for what they replaced.
      const now = await this.#readDirectory(metric, tagk)
      const ours = new Set(written.map(hexOf))
      return now.pages.some(({ id }) => ours.has(hexOf(id)))
    }
  }

  async #readDirectory(metric: number, tagk: number | undefined): Promise<Directory> {
    const item = await this.#dynamo.get(readDirectoryInput(this.#table, metric, tagk, this.#widths))
    return directoryOf(item, tagk)
  }

  /**
   * The series of a metric that meet a constraint on every tag given, strongly consistently, as far as they are in the
   * postings: those in the series log come on top. Of all lists that hold them the one is read whose pages hold fewest
   * series; the rest is seen from the TSUIDs.
   * @param constraints of different tag keys; none: every series of the metric
   * @returns them in the order of the list that was read, and how many series the metric has in the postings
   * @throws StoreUnavailableError
   */
  async find(metric: number, constraints: readonly TagConstraint[]): Promise<FoundSeries> {
    return untilWhole(async () => {
      const { list, pages, total } = await this.#bestList(metric, constraints)
      const found = await this.#readPages(list, pages)
      return found === undefined ? undefined : { series: this.#meeting(found, constraints), total }
    })
  }

  /**
   * Like find, but as it reads: who needs no more than some series stops, and the rest is not read.
   * @yields series in no particular order; where the list changes meanwhile, some a second time
   * @throws StoreUnavailableError
   */
  async *stream(metric: number, constraints: readonly TagConstraint[]): AsyncGenerator<readonly Posting[]> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { list, pages } = await this.#bestList(metric, constraints)
      let at = 0
      for (let count = FIRST_PAGES; at < pages.length; count = Math.min(count * 4, MOST_PAGES)) {
        const found = await this.#readPages(list, pages.slice(at, at + count))
        if (found === undefined) break
        yield this.#meeting(found, constraints)
        at += count
      }
      if (at >= pages.length) return
    }
    throw new CorruptDataError('postings', `pages that the directory names are not there, ${MAX_ATTEMPTS} times`)
  }

  /** Of all lists that hold the series wanted, the one whose pages that may hold them have fewest series. */
  async #bestList(
    metric: number,
    constraints: readonly TagConstraint[],
  ): Promise<{ list: ListName; pages: readonly PageEntry[]; total: number }> {
    const [all, ...lists] = await mapParallel([undefined, ...constraints], PARALLEL_PAGES, async (constraint) => {
      const { tagk, pages } = await this.#readDirectory(metric, constraint?.tagk)
      const wanted = pagesOf(pages, constraint?.tagvs, this.#widths)
      return { tagk, pages: wanted, series: wanted.reduce((sum, page) => sum + page.series, 0) }
    })
    if (all === undefined) throw new Error('BUG: the list of all series was not read')
    const best = lists.reduce((least, list) => (list.series < least.series ? list : least), lists[0] ?? all)
    return { list: { metric, tagk: best.tagk }, pages: best.pages, total: all.series }
  }

  #meeting(series: readonly Posting[], constraints: readonly TagConstraint[]): Posting[] {
    return series.filter(({ tsuid }) => constraints.every((constraint) => meets(tsuid, constraint, this.#widths)))
  }

  /**
   * Those metrics that have postings with a tag key.
   * @param tagk undefined: with any
   * @throws StoreUnavailableError
   */
  async metricsWith(metrics: readonly number[], tagk: number | undefined): Promise<Set<number>> {
    const keys = new Map(metrics.map((metric) => [hexOf(postingsPk(metric, tagk, this.#widths)), metric]))
    const items = await this.#dynamo.batchGet(
      this.#table,
      metrics.map((metric) => directoryKey(metric, tagk, this.#widths)),
      { consistent: true },
    )
    return new Set(items.flatMap((item) => keys.get(hexOf(bytesAt(item, 'pk'))) ?? []))
  }

  /**
   * Reads those pages of metrics' lists of all series that some series would lie in, in few requests.
   * @param wanted by metric, each once
   * @returns what the pages hold: among it every series asked for that there is
   * @throws StoreUnavailableError
   */
  async neighbours(wanted: readonly (readonly [metric: number, tsuids: readonly Uint8Array[]])[]): Promise<Posting[]> {
    const widths = this.#widths
    const read = (keys: readonly ItemKey[]) => this.#dynamo.batchGet(this.#table, keys, { consistent: true })
    return untilWhole(async () => {
      const items = await read(wanted.map(([metric]) => directoryKey(metric, undefined, widths)))
      const directories = new Map(items.map((item) => [hexOf(bytesAt(item, 'pk')), directoryOf(item, undefined)]))
      const keys = wanted.flatMap(([metric, tsuids]) => {
        const pages = directories.get(hexOf(postingsPk(metric, undefined, widths)))?.pages ?? []
        const touched = new Set(tsuids.map((tsuid) => pages[pageIndex(pages, listKey(tsuid, undefined, widths))]))
        return [...touched].flatMap((page) =>
          page === undefined ? [] : [postingsPageKey(metric, undefined, page.id, widths)],
        )
      })
      const pages = await read(keys)
      return pages.length < keys.length ? undefined : pages.flatMap((item) => decodePostings(bytesAt(item, 'page')))
    })
  }

  /**
   * The values that a tag key has in the postings of a metric, strongly consistently. Pages that the directory shows to
   * hold one value alone are not read, so it costs no more pages than there are values.
   * @returns UIDs, ascending
   */
  async tagValues(metric: number, tagk: number): Promise<number[]> {
    const { tagv } = this.#widths
    return untilWhole(async () => {
      const { pages } = await this.#readDirectory(metric, tagk)
      const values = new Set<number>()
      const mixed = pages.filter((page, i) => {
        const next = pages[i + 1]
        const alone = page.from.length > 0 && next !== undefined && startOf(page, tagv) === startOf(next, tagv)
        if (alone) values.add(startOf(page, tagv))
        return !alone
      })
      const found = await this.#readPages({ metric, tagk }, mixed)
      if (found === undefined) return undefined
      for (const { tsuid } of found) values.add(readUid(tsuid, tagvAt(tsuid, tagk, this.#widths), tagv))
      return [...values].sort((a, b) => a - b)
    })
  }

  /** @returns the pages' postings in the order of `pages`; undefined where one was replaced */
  async #readPages({ metric, tagk }: ListName, pages: readonly PageEntry[]): Promise<Posting[] | undefined> {
    const keys = pages.map(({ id }) => postingsPageKey(metric, tagk, id, this.#widths))
    const items = await this.#dynamo.batchGet(this.#table, keys, { consistent: true })
    if (items.length < pages.length) return undefined
    // The keys' order is the list's; answers come in any.
    const bySk = new Map(items.map((item) => [hexOf(bytesAt(item, 'sk')), item]))
    return keys.flatMap(({ sk }) => decodePostings(bytesAt(bySk.get(hexOf(sk)) ?? {}, 'page')))
  }
}

/** Tries until the pages that a directory names were all there. @param attempt answers undefined where they were not */
async function untilWhole<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < MAX_ATTEMPTS; i++) {
    const answer = await attempt()
    if (answer !== undefined) return answer
  }
  throw new CorruptDataError('postings', `pages that the directory names are not there, ${MAX_ATTEMPTS} times`)
}

/** Which list of the postings. */
interface ListName {
  readonly metric: number
  readonly tagk: number | undefined
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function readDirectoryInput(
  table: string,
  metric: number,
  tagk: number | undefined,
  widths: UidWidths,
): GetItemCommandInput {
  return { TableName: table, Key: keyOf(directoryKey(metric, tagk, widths)), ConsistentRead: true }
}

/** @param token that of the version which the item replaces; undefined: there is none */
export function replaceDirectoryInput(table: string, item: Item, token: Uint8Array | undefined): PutItemCommandInput {
  const isTheOneRead = '#token = :token'
  return {
    TableName: table,
    Item: item,
    ...(token === undefined
      ? { ConditionExpression: IS_NEW }
      : {
          ConditionExpression: isTheOneRead,
          ExpressionAttributeNames: { '#token': 'token' },
          ExpressionAttributeValues: { ':token': { B: token } },
        }),
  }
}

function directoryItem(pages: readonly PageEntry[], token: Uint8Array): Item {
  return { directory: { B: encodeDirectory(pages) }, token: { B: token } }
}

function directoryOf(item: Item | undefined, tagk: number | undefined): Directory {
  if (item === undefined) return { tagk, pages: [], token: undefined }
  return { tagk, pages: decodeDirectory(bytesAt(item, 'directory')), token: bytesAt(item, 'token') }
}
