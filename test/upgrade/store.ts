import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { TokenStore } from '../../lib/access/tokens.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { CounterStore, type FunctionCounts, SNAPSHOT_S } from '../../lib/store/counters.ts'
import { Dynamo, openClient } from '../../lib/store/dynamo.ts'
import { openStore, type Store } from '../../lib/store/index.ts'
import { TABLES } from '../helpers/dynamo.ts'
import type { KeptTables } from './tables.ts'

/** A question to the API and what was answered. */
export interface Question {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly status: number
  readonly answer: string
}

/** A store as some version left it, with what it answered and what lay in it. */
export interface KeptStore {
  readonly token: string
  readonly tables: KeptTables
  readonly questions: readonly Question[]
  /** What describe said of it. */
  readonly description: object
}

export const HOUR = 1_356_998_400

/** An hour whose blocks will have places for long: it is not over. */
export const FUTURE_HOUR = 4_102_444_800

/** A function that no server has. */
export const COUNTED = 'kept'

/** Reads a kept store. @param url of a gzipped JSON file */
export function readKept(url: URL): KeptStore {
  return JSON.parse(gunzipSync(readFileSync(url)).toString())
}

/** The store behind a local server. */
export function openTables(endpoint: string): Store {
  return openStore({ tables: TABLES, uidWidths: DEFAULT_UID_WIDTHS, shelves: 4, saltBuckets: 1, endpoint })
}

/** What is asked of a store, as long as it holds what make.ts puts into it. */
export function questions(treeId: number): Pick<Question, 'method' | 'path' | 'body'>[] {
  const range = `start=${HOUR}&end=${HOUR + 4 * 3600 - 1}`
  const get = (path: string) => ({ method: 'GET', path })
  const kairos = (name: string) => ({
    method: 'POST',
    path: '/api/v1/datapoints/query',
    body: { start_absolute: HOUR * 1000, end_absolute: (HOUR + 4 * 3600 - 1) * 1000, metrics: [{ name }] },
  })
  return [
    // Hours that are sealed, late and open; annotations of series and of none.
    get(`/api/query?${range}&m=none:cpu&ms&global_annotations&show_tsuids=true`),
    get(`/api/query?${range}&m=sum:1h-avg:cpu%7Bhost=*%7D`),
    get(`/api/query?${range}&m=sum:1h-count:many`),
    get(`/api/query?${range}&m=none:many%7Bid=literal_or(i7%7Ci599)%7D`),
    get(`/api/query?${range}&m=none:new.name`),
    get(`/api/query?start=${FUTURE_HOUR}&end=${FUTURE_HOUR + 3599}&m=none:cpu`),
    kairos('cpu'),
    kairos('door'),
    kairos('odd name'),
    get('/api/query/last?timeseries=cpu%7Bhost=web01%7D&back_scan=1000000&resolve'),
    get('/api/suggest?type=metrics&max=100'),
    get('/api/suggest?type=tagk&max=100'),
    get('/api/suggest?type=tagv&q=w&max=100'),
    get('/api/v1/metricnames'),
    get('/api/search/lookup?m=cpu'),
    get('/api/search/lookup?m=many%7Bid=i599%7D'),
    get('/api/search/uidmeta?query=custom.rack:r12'),
    get('/api/uid/uidmeta?type=metric&uid=000001'),
    get('/api/uid/tsmeta?tsuid=00000100000100000001'),
    get(`/api/annotations?start_time=${HOUR}&end_time=${HOUR + 7200}`),
    get(`/api/tree?treeid=${treeId}`),
    get(`/api/tree/branch?treeid=${treeId}`),
    get(`/api/tree/collisions?treeid=${treeId}`),
    get(`/api/tree/notmatched?treeid=${treeId}`),
    get('/api/v1/metadata/plans/floor1/north'),
    get('/api/v1/metadata/plans/floor1'),
  ]
}

/** Asks a server. */
export async function ask(
  url: string,
  { method, path, body }: Pick<Question, 'method' | 'path' | 'body'>,
): Promise<Question> {
  const response = await fetch(url + path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) })
  // How long it took is another thing each time.
  const answer = (await response.text()).replace(/"time":\d+/, '"time":0')
  return { method, path, ...(body !== undefined && { body }), status: response.status, answer }
}

/** What lies in a store that the API tells nothing of, or not all, in plain values. */
export async function describeStore(endpoint: string, tables: KeptTables, token: string): Promise<object> {
  const store = openTables(endpoint)
  const dynamo = new Dynamo({ client: openClient(endpoint), retry: { deadlineMs: 10_000 } })
  try {
    const { trees } = store
    if (trees === undefined) throw new Error('There is no table of trees')
    const tokens = new TokenStore(dynamo, TABLES.meta)
    const layout = await store.layout.readRecord()
    const shelves = [0, 1, 2, 3]
    const dayList = await store.ledger.readDayList(shelves, HOUR, HOUR)
    return plain({
      layout: layout && { ...layout, history: layout.history.map((each) => ({ ...each, splits: [...each.splits] })) },
      ledger: await store.ledger.readDays(shelves.map((shelf) => ({ shelf, day: HOUR }))),
      // They come in no order.
      volumes: (await store.ledger.readVolumes(shelves.map((shelf) => ({ shelf, day: HOUR })))).sort(
        (a, b) => a.baseTime - b.baseTime || a.shelf - b.shelf,
      ),
      progress: await progressOf(store.ledger),
      pending: (await Promise.all(shelves.map((shelf) => store.ledger.pendingDays(shelf)))).flat(),
      days: shelves.filter((shelf) => dayList?.has(shelf, HOUR)),
      totals: await store.ledger.totals.read(),
      rejects: (await rejectDays(store, tables)).flat(),
      attempt: await store.attempts.read(7),
      acks: await Promise.all(ackIds(tables).map((id) => store.acks.read(id))),
      emptied: await Promise.all(
        (await store.emptied.metrics()).map(async (metric) => [metric, ...(await store.emptied.read(metric)).values()]),
      ),
      series: await Promise.all([1, 2, 3, 4].map((metric) => store.index.find(metric, []))),
      trash: await trees.readTrash(),
      waiting: await all(trees.waiting()),
      tokens: await tokens.list(),
      token: await tokens.find(token),
      places: (await Promise.all(shelves.map((shelf) => store.data.blocksOf(shelf, FUTURE_HOUR))))
        .flat()
        .map(({ place }) => place),
      counts: await countsOf(new CounterStore(dynamo, TABLES.counters)),
    })
  } finally {
    store.close()
    dynamo.close()
  }
}

async function countsOf(counters: CounterStore): Promise<FunctionCounts[]> {
  const sums = (await counters.read()).filter((each) => each.function === COUNTED)
  if (sums[0] === undefined) return []
  const atS = sums[0].at / 1000
  const snapshots = await counters.snapshots(Math.floor(atS) - 2 * SNAPSHOT_S, Math.ceil(atS))
  return [...sums, ...snapshots.filter((each) => each.function === COUNTED)]
}

/** Whoever leases an hour is told how far the one before came. */
async function progressOf(ledger: Store['ledger']): Promise<unknown[]> {
  const hours = await ledger.readDays([0, 1, 2, 3].map((shelf) => ({ shelf, day: HOUR })))
  const leases = await Promise.all(hours.map((hour) => ledger.lease(hour, 'who looks', Date.now(), 1)))
  return leases.map((lease) => lease?.progress ?? 'none')
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** Rejects lie by the day of their arrival: byte 04 of tsdb-meta and four bytes of seconds. */
function rejectDays(store: Store, tables: KeptTables): Promise<unknown[][]> {
  const days = new Set(keysOf(tables, 0x04).map((pk) => pk.readUInt32BE(1)))
  return Promise.all([...days].map((day) => all(store.rejects.list(day))))
}

/** Acknowledgements: byte 03 of tsdb-meta and the id of the put. */
function ackIds(tables: KeptTables): Uint8Array[] {
  const ids = new Set(keysOf(tables, 0x03).map((pk) => pk.toString('hex', 1)))
  return [...ids].map((id) => new Uint8Array(Buffer.from(id, 'hex')))
}

function keysOf(tables: KeptTables, first: number): Buffer[] {
  return (tables[TABLES.meta] ?? []).flatMap(({ pk }) => {
    const bytes = Buffer.from(pk !== undefined && 'B' in pk ? pk.B : '', 'base64')
    return bytes[0] === first ? [bytes] : []
  })
}

/** As JSON has it, with bytes in hex and maps and sets as lists. */
function plain(value: object): object {
  return JSON.parse(
    JSON.stringify(value, (_, each: unknown) => {
      if (each instanceof Map || each instanceof Set) return [...each]
      if (each instanceof Uint8Array) return Buffer.from(each).toString('hex')
      if (typeof each === 'bigint') return String(each)
      return each
    }),
    (_, each: unknown) => (isBuffer(each) ? Buffer.from(each.data).toString('hex') : each),
  )
}

/** What JSON makes of a Buffer. */
function isBuffer(value: unknown): value is { readonly data: number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value
}
