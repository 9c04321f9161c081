import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seal } from '../../lib/ingest/seal.ts'
import type { LocalServer } from '../../local/server.ts'
import { useLocalCredentials } from '../helpers/dynamo.ts'
import { startTestServer } from '../helpers/server.ts'
import { ask, describeStore, HOUR, type KeptStore, openTables, readKept } from '../upgrade/store.ts'
import { writeTables } from '../upgrade/tables.ts'

// Whole stores as earlier versions left them, with something of every kind in all tables, under today's functions. None of
// the files is ever changed; test/upgrade/make.ts adds one.

const FOLDER = new URL('../data/formats/', import.meta.url)
const FILES = readdirSync(FOLDER).filter((file) => /^store-\d+\.json\.gz$/.test(file))

/** What an older version let expire later than a test is run may be gone by then. */
const LATER_S = 86_400

/** The kinds of items of a table that the page lists: `| f8 | notes of emptied series |`, `| 00 to ef | row: the salt |`. */
function listedKinds(table: string): string[] {
  const page = readFileSync(new URL('../../docs/format/tables.md', import.meta.url), 'utf8')
  const section = page.split(/^## /m).find((each) => each.startsWith(`${table}\n`)) ?? ''
  return [...section.matchAll(/^\| ([0-9a-f]{2})(?: to [0-9a-f]{2})? \| /gm)].map(([, first = '']) => first)
}

test.each([
  'tsdb',
  'tsdb-meta',
  'tsdb-tree',
  'tsdb-counters',
])('of %s every kind of item that docs/format/tables.md lists is kept', (table) => {
  const kept = FILES.flatMap((file) => readKept(new URL(file, FOLDER)).tables[table] ?? [])
  const kinds = kept.map(({ pk }) =>
    pk !== undefined && 'B' in pk ? Buffer.from(pk.B, 'base64').toString('hex', 0, 1) : '',
  )
  expect([...new Set(kinds)].sort()).toEqual(listedKinds(table).sort())
})

describe.each(FILES)('%s', (file) => {
  let kept: KeptStore
  let server: LocalServer

  beforeAll(async () => {
    useLocalCredentials()
    kept = readKept(new URL(file, FOLDER))
    server = await startTestServer({ batchWindowMs: 20, logLevel: 'error' })
    const ttl = { N: String(Math.floor(Date.now() / 1000) + LATER_S) }
    const living = Object.entries(kept.tables).map(([name, items]) => {
      return [name, items.map((item) => ('ttl' in item ? { ...item, ttl } : item))] as const
    })
    await writeTables(server.dynamoEndpoint, Object.fromEntries(living))
  })
  afterAll(() => server.close())

  const answers = async () => {
    const given = []
    for (const question of kept.questions) given.push(await ask(server.url, question))
    return given
  }

  test('holds what its version put there, item by item', async () => {
    // Later versions may tell more of what they read, and nothing else.
    expect(await describeStore(server.dynamoEndpoint, kept.tables, kept.token)).toMatchObject(kept.description)
  })

  test('answers what it answered then', async () => {
    expect(kept.questions.length).toBeGreaterThan(20)
    expect(await answers()).toEqual(kept.questions)
  })

  test('is sealed, late hours and open ones, and answers the same', async () => {
    const store = openTables(server.dynamoEndpoint)
    const report = await seal(store, { until: Date.now() + 60_000, leaseMs: 60_000, backOff: false })
    store.close()
    expect(report).toMatchObject({ failures: [], left: 0 })
    expect([report.hours > report.lateHours, report.lateHours > 0]).toEqual([true, true])
    expect(await answers()).toEqual(kept.questions)
  })

  test('takes points of series that it knows, and of new ones, beside those that it has', async () => {
    const points = ['web01', 'new01'].map((host) => ({
      metric: 'cpu',
      timestamp: HOUR + 3605,
      value: 10,
      tags: { host },
    }))
    expect((await ask(server.url, { method: 'POST', path: '/api/put?sync', body: points })).status).toBe(204)
    const path = `/api/query?start=${HOUR + 3600}&end=${HOUR + 3610}&m=none:cpu`
    const { answer } = await ask(server.url, { method: 'GET', path })
    const series: { tags: object; dps: object }[] = JSON.parse(answer)
    expect(series.map(({ tags, dps }) => ({ tags, dps }))).toEqual(
      expect.arrayContaining([
        { tags: { host: 'web01' }, dps: expect.objectContaining({ [HOUR + 3602]: 5, [HOUR + 3605]: 10 }) },
        { tags: { host: 'new01' }, dps: { [HOUR + 3605]: 10 } },
      ]),
    )
  })
})
