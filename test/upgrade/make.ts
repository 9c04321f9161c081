// Keeps a store as this version leaves it: node --import tsx test/upgrade/make.ts NUMBER
//
// To be called by who writes something new, with the next number; what was kept before is never changed.

import { existsSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { TokenStore } from '../../lib/access/tokens.ts'
import { foldSeriesLog } from '../../lib/ingest/index-series.ts'
import { seal } from '../../lib/ingest/seal.ts'
import { CounterStore } from '../../lib/store/counters.ts'
import { Dynamo, openClient } from '../../lib/store/dynamo.ts'
import type { Store } from '../../lib/store/index.ts'
import { PostingsStore } from '../../lib/store/postings.ts'
import { type LocalServer, startServer } from '../../local/server.ts'
import { TABLES, useLocalCredentials } from '../helpers/dynamo.ts'
import { ask, COUNTED, describeStore, FUTURE_HOUR, HOUR, type KeptStore, openTables, questions } from './store.ts'
import { readTables } from './tables.ts'

useLocalCredentials()

const [number] = process.argv.slice(2)
if (number === undefined || !/^\d+$/.test(number)) throw new Error('Name the number of the file')
const file = new URL(`../data/formats/store-${number}.json.gz`, import.meta.url)
if (existsSync(file)) throw new Error(`${file.pathname} is kept already`)

/** Series of a metric, each with a tag value of its own. */
const MANY = 600

const server = await startServer({ port: 0, logLevel: 'error', batchWindowMs: 20 })
const store = openTables(server.dynamoEndpoint)
const dynamo = new Dynamo({ client: openClient(server.dynamoEndpoint), retry: { deadlineMs: 10_000 } })
try {
  await fill(server, store)
  const { text: token } = await new TokenStore(dynamo, TABLES.meta).create({
    name: 'kept',
    scopes: ['put', 'query'],
    prefixes: ['app.', 'web'],
    expiresAt: 4_102_444_800,
  })
  const asked = []
  for (const question of questions(1)) asked.push(await ask(server.url, question))
  for (const { path, status, answer } of asked) process.stdout.write(`${status} ${path}\n    ${answer.slice(0, 160)}\n`)
  const tables = await readTables(server.dynamoEndpoint, Object.values(TABLES))
  const kept: KeptStore = {
    token,
    tables,
    questions: asked,
    description: await describeStore(server.dynamoEndpoint, tables, token),
  }
  writeFileSync(file, gzipSync(JSON.stringify(kept), { level: 9 }))
  for (const [name, items] of Object.entries(tables)) {
    const kinds = items.map(({ pk }) =>
      Buffer.from(pk !== undefined && 'B' in pk ? pk.B : '', 'base64').toString('hex', 0, 1),
    )
    process.stdout.write(`${name}: ${items.length} items that begin with ${[...new Set(kinds)].sort().join(' ')}\n`)
  }
} finally {
  store.close()
  dynamo.close()
  await server.close()
}

/** Puts something of every kind into a store. */
async function fill({ url, kinesisEndpoint, streamName }: LocalServer, { layout, ...rest }: Store): Promise<void> {
  const { attempts, seriesLog, uids, ledger } = rest
  const send = async (method: string, path: string, body?: unknown): Promise<string> => {
    const { status, answer } = await ask(url, { method, path, ...(body !== undefined && { body }) })
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${answer}`)
    return answer
  }
  const put = (points: readonly object[]) => send('POST', '/api/put?sync', points)
  const point = (hour: number, s: number, value: unknown, more: object = {}) => {
    return { metric: 'cpu', timestamp: HOUR + hour * 3600 + s, value, tags: { host: 'web01' }, ...more }
  }

  // A layout that changes in the third hour: more shelves, and metric 2 on two of them.
  await layout.replace(undefined, {
    version: 1,
    history: [
      { fromHour: 0, shelves: 2, saltBuckets: 1, splits: new Map() },
      { fromHour: HOUR + 2 * 3600, shelves: 4, saltBuckets: 1, splits: new Map([[2, 2]]) },
    ],
    settled: [],
  })

  await put([point(0, 0, 1), point(0, 60, 2.5), point(0, 120, '9223372036854775807')])
  await put([point(0, 0, -1, { tags: { host: 'web02', dc: 'sjc' } }), point(1, 0, 4), point(1, 1, 1e300)])
  await put([{ ...point(0, 0, 1.25), timestamp: HOUR * 1000 + 500 }])
  const temperatures = Array.from({ length: 300 }, (_, i) => [
    (HOUR + i * 10) * 1000,
    Math.round(200 + 9 * Math.sin(i)) / 10,
  ])
  await send('POST', '/api/v1/datapoints?sync', [
    {
      name: 'door',
      datapoints: [
        [HOUR * 1000, 'open'],
        [HOUR * 1000 + 5, 'shut', 'string'],
      ],
      tags: { room: '1 a' },
    },
    { name: 'odd name', datapoints: temperatures, tags: { 'a b': 'c:d' }, ttl: 2_000_000_000 },
    { name: 'gone', datapoints: [[HOUR * 1000, 1]], tags: { a: 'b' } },
  ])
  for (let from = 0; from < MANY; from += 200) {
    const ids = Array.from({ length: 200 }, (_, i) => from + i)
    await put(
      ids.map((i) => point(0, 1, i, { metric: 'many', tags: { id: `i${i}`, host: i % 2 ? 'web01' : 'web02' } })),
    )
  }
  const [many] = (await uids.namesToUids('metric', ['many'])).values()
  if (many === undefined) throw new Error('many has no UID')
  // Small pages, so that there are several of few series.
  const postings = new PostingsStore(dynamo, TABLES.meta, uids.widths, 512)
  await foldSeriesLog({ seriesLog, postings, widths: uids.widths }, many, { foldSeries: 1 })

  // Sealed; then the second hour late, and the fourth open.
  const options = { until: Date.now() + 60_000, leaseMs: 60_000 }
  await ledger.completeDayList([0, 1, 2, 3], Date.now() / 1000)
  const { failures, left } = await seal(openTables(server.dynamoEndpoint), options)
  if (failures.length > 0 || left > 0) throw new Error('Not all hours were sealed')
  await put([point(1, 2, 5), point(1, 0, 44), point(3, 0, 6), point(3, 1, 7, { tags: { host: 'web03' } })])
  await put([point(3, 7, 8, { metric: 'many', tags: { id: 'i7', host: 'web02' } })])
  await send('DELETE', '/api/v1/metric/gone')
  // Of the open hour somebody began to seal the first of two groups of series, and died.
  for (const hour of await ledger.readDays([0, 1, 2, 3].map((shelf) => ({ shelf, day: HOUR })))) {
    const lease = hour.state === 'open' ? await ledger.lease(hour, 'who died', Date.now(), 1) : undefined
    if (lease !== undefined) await ledger.noteProgress(lease, { groups: 2, atOnce: 1, done: 0, rows: 0, rowBytes: 0 })
  }

  await put([point(0, 0, 3, { metric: 'old.name' })])
  await send('GET', '/api/uid/rename?metric=old.name&name=new.name')
  await send('POST', '/api/uid/uidmeta', {
    type: 'metric',
    uid: '000001',
    displayName: 'A box',
    custom: { rack: 'R12' },
  })
  await send('POST', '/api/uid/tsmeta', { tsuid: '00000100000100000001', displayName: 'One series', units: '%' })
  await send('POST', '/api/annotation', { startTime: HOUR + 10, endTime: HOUR + 20, description: 'of none' })
  await send('POST', '/api/annotation', { tsuid: '00000100000100000001', startTime: HOUR + 5, description: 'of one' })
  await send('POST', '/api/v1/metadata/plans/floor1/north', { rooms: 3 })

  // A tree with branches, leaves, collisions and what did not match; series that wait; and one that was emptied.
  for (const [treeId, name] of [
    [1, 'kept'],
    [2, 'emptied'],
  ] as const) {
    await send('POST', '/api/tree', { name, strictMatch: true, storeFailures: true })
    await send('POST', '/api/tree/rule', { treeId, level: 0, order: 0, type: 'METRIC', separator: '\\.' })
    await send('POST', '/api/tree/rule', { treeId, level: 1, order: 0, type: 'TAGK', field: 'dc' })
    await send('POST', '/api/tree', { treeId, enabled: true })
  }
  const leaf = (metric: string, tags: object) => point(0, 0, 1, { metric, tags })
  await put([
    leaf('tree.one', { dc: 'sjc', host: 'a' }),
    leaf('tree.one', { dc: 'sjc', host: 'b' }),
    leaf('tree.two', { dc: 'lga' }),
    leaf('tree.three', { host: 'a' }),
  ])
  await send('DELETE', '/api/tree?treeid=2')
  await put(Array.from({ length: 520 }, (_, i) => leaf('tree.wait', { dc: 'sjc', id: `w${i}` })))

  // A record that nobody can read, and a note of one that may kill.
  const client = new KinesisClient({ endpoint: kinesisEndpoint, requestHandler: new NodeHttpHandler() })
  await client.send(
    new PutRecordsCommand({
      StreamName: streamName,
      Records: [{ Data: Buffer.from('neither packed nor JSON'), PartitionKey: '1' }],
    }),
  )
  client.destroy()
  // What comes after it is stored after it.
  await put([point(0, 180, 9)])
  // An hour that is not over: two blocks of the server's consumer, and a run of another's, who has put nothing yet.
  await put([{ ...point(0, 0, 1), timestamp: FUTURE_HOUR }])
  await put([{ ...point(0, 0, 2), timestamp: FUTURE_HOUR + 1 }])
  await ledger.openHours([0, 1, 2, 3].map((shelf) => ({ shelf, baseTime: FUTURE_HOUR })))
  await new CounterStore(dynamo, TABLES.counters).add(COUNTED, { accepted: 3 }, { lagMs: 7 })
  await attempts.write(7, { first: 1n, last: 2n ** 90n, records: 3, tries: 1, rejected: 0, why: 'TypeError: no' })
}
