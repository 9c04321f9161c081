import { afterAll, beforeAll, expect, it } from 'vitest'
import { sealHour } from '../../../lib/ingest/seal-hour.ts'
import { runKairosQuery } from '../../../lib/kairos/query.ts'
import { parseKairosQuery } from '../../../lib/kairos/request.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { parseQueryParameters, runQuery, StoredSeriesSource } from '../../../lib/query/index.ts'
import type { Store } from '../../../lib/store/index.ts'
import { type RunningDynamo, startDynamo } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

// The first and the last second that a point can have, in 1970 and in 2106.

const [FIRST_S, LAST_S] = [1, 2 ** 32 - 1]

let dynamo: RunningDynamo
let store: Store

beforeAll(async () => {
  dynamo = await startDynamo()
  store = openTestStore({ endpoint: dynamo.endpoint })
  const writer = new PointWriter(dynamo.endpoint)
  const points = [FIRST_S, LAST_S].map((timestamp, value) => ({ metric: 'm', timestamp, value, tags: { host: 'a' } }))
  await writer.write(JSON.stringify(points))
  writer.close()
})
afterAll(async () => {
  store?.close()
  await dynamo?.stop()
})

/** The times in seconds that both APIs answer of a day around a time. */
async function read(timeS: number) {
  const clock = () => (LAST_S + 86_400) * 1000
  const source = new StoredSeriesSource(store, DEFAULT_UID_WIDTHS, clock)
  const deps = { names: store.uids, source, limits: { ...DEFAULT_LIMITS, queryMs: Number.POSITIVE_INFINITY }, clock }
  const [start, end] = [Math.max(0, timeS - 43_200), timeS + 43_200]
  const parameters = new URLSearchParams({ start: String(start), end: String(end), m: 'none:m' })
  const { results } = await runQuery(deps, parseQueryParameters(parameters, clock()))
  const body = { start_absolute: start * 1000, end_absolute: end * 1000, metrics: [{ name: 'm' }] }
  const [kairos] = await runKairosQuery(deps, parseKairosQuery(JSON.stringify(body), clock()))
  const timesOf = (all: readonly { points: { count: number; times: Float64Array } }[] = []) =>
    all.flatMap(({ points }) => [...points.times.subarray(0, points.count)].map((time) => time / 1000))
  return { openTsdb: timesOf(results), kairos: timesOf(kairos?.results) }
}

it.each(['in blocks', 'in rows'])('both are found by either API, %s', async (where) => {
  for (const time of where === 'in rows' ? [FIRST_S, LAST_S] : []) {
    const hours = [...(await store.ledger.readLedger([0, 1, 2, 3], time, time)).values()].flat()
    const lease = await store.ledger.lease(hours[0] ?? expect.unreachable(), 'one', 1, 1)
    const sealed = await sealHour(store, lease ?? expect.unreachable(), () => false, Date.now)
    expect(sealed).toMatchObject({ outcome: 'sealed', rows: 1 })
  }
  for (const time of [FIRST_S, LAST_S]) expect(await read(time)).toEqual({ openTsdb: [time], kairos: [time] })
})
