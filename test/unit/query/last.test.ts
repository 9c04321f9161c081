import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seal } from '../../../lib/ingest/seal.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { lastPoints } from '../../../lib/query/last.ts'
import { parseLastBody, parseLastParameters } from '../../../lib/query/last-request.ts'
import { StoredSeriesSource } from '../../../lib/query/stored-source.ts'
import type { Store } from '../../../lib/store/index.ts'
import { type RunningDynamo, startDynamo } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

const HOUR_S = 3600
/** A quarter past an hour. */
const NOW_S = 1_700_006_400 + 15 * 60

let dynamo: RunningDynamo
let store: Store
let writer: PointWriter

beforeAll(async () => {
  dynamo = await startDynamo()
  store = openTestStore({ endpoint: dynamo.endpoint })
  writer = new PointWriter(dynamo.endpoint)
})
afterAll(async () => {
  writer?.close()
  store?.close()
  await dynamo?.stop()
})

/** Stores a point some hours ago. */
async function put(metric: string, host: string, hoursAgo: number, value: string): Promise<void> {
  const timestamp = NOW_S - hoursAgo * HOUR_S
  await writer.write(`[{"metric":"${metric}","timestamp":${timestamp},"value":${value},"tags":{"host":"${host}"}}]`)
}

async function ask(query: string, limits = DEFAULT_LIMITS) {
  const clock = () => NOW_S * 1000
  const source = new StoredSeriesSource(store, DEFAULT_UID_WIDTHS, clock)
  return lastPoints(
    { names: store.uids, source, index: store.index, limits, clock },
    parseLastParameters(new URLSearchParams(query)),
  )
}

/** Value and age in hours of what is answered. */
const lasts = async (query: string) =>
  (await ask(query)).map(({ value, timestamp }) => [value, (NOW_S - timestamp / 1000) / HOUR_S])

describe('last points', () => {
  test('are the newest ones, exact, of open and of sealed hours', async () => {
    await put('l.new', 'a', 0.1, '9007199254740993')
    await put('l.new', 'a', 5, '1')
    await put('l.new', 'b', 30, '1.5')
    await put('l.new', 'b', 29, '2')
    expect(await lasts('timeseries=l.new')).toEqual([
      ['9007199254740993', 0.1],
      ['2', 29],
    ])
    const clock = () => NOW_S * 1000
    await seal(store, { until: Number.POSITIVE_INFINITY, leaseMs: 1000, backOff: false, clock })
    expect(await lasts('timeseries=l.new')).toEqual([
      ['9007199254740993', 0.1],
      ['2', 29],
    ])
    await put('l.new', 'b', 28.5, '3.0')
    expect(await lasts('timeseries=l.new{host=b}')).toEqual([['3.0', 28.5]])
  })

  test('are looked for as far back as is asked for, and 30 days where it is not', async () => {
    await put('l.far', 'a', 100, '1')
    await put('l.far', 'b', 24 * 29, '2')
    await put('l.far', 'c', 24 * 31, '3')
    expect(await lasts('timeseries=l.far')).toEqual([
      ['1', 100],
      ['2', 24 * 29],
    ])
    expect(await lasts('timeseries=l.far{host=a}&back_scan=99')).toEqual([])
    expect(await lasts('timeseries=l.far{host=a}&back_scan=100')).toEqual([['1', 100]])
    expect(await lasts('timeseries=l.far{host=c}&back_scan=1000')).toEqual([['3', 24 * 31]])
  })

  test('may lie a little ahead of the clock', async () => {
    await put('l.ahead', 'a', -0.5, '1')
    expect(await lasts('timeseries=l.ahead')).toEqual([['1', -0.5]])
  })

  test('are found by TSUID, and named where it is asked for', async () => {
    await put('l.named', 'a', 1, '7')
    const [{ tsuid = '' } = {}] = await ask('timeseries=l.named')
    expect(await ask(`tsuids=${tsuid.toLowerCase()},${tsuid}&resolve`)).toEqual(
      new Array(2).fill({
        metric: 'l.named',
        tags: { host: 'a' },
        tsuid,
        value: '7',
        timestamp: (NOW_S - HOUR_S) * 1000,
      }),
    )
    const other = `${tsuid.slice(0, -2)}7F`
    expect(await ask(`tsuids=${other}`)).toEqual([])
  })

  test('cost an hour of a series that is being written, however long its history', async () => {
    for (let hoursAgo = 200; hoursAgo >= 0; hoursAgo -= 20) await put('l.cheap', 'a', hoursAgo, '1')
    await ask('timeseries=l.cheap{host=a}&back_scan=1000')
    const before = store.stats.requests
    await ask('timeseries=l.cheap{host=a}&back_scan=1000')
    expect(store.stats.requests - before).toBeLessThanOrEqual(3)
  })

  test('are refused by name where a query can’t be answered', async () => {
    await put('l.bad', 'a', 1, '7')
    await expect(ask('timeseries=l.nosuch')).rejects.toThrow("No such name for 'metrics': 'l.nosuch'")
    await expect(ask('timeseries=l.bad{host=zz}')).rejects.toThrow("No such name for 'tagv': 'zz'")
    await expect(ask('timeseries=l.bad&back_scan=24')).rejects.toThrow('Tags cannot be null or empty')
    for (const tsuid of ['000001', '00000100000', 'xx', '']) {
      await expect(ask(`tsuids=${tsuid}`)).rejects.toThrow('at least one tag pair')
    }
    await expect(ask('timeseries=l.far', { ...DEFAULT_LIMITS, querySeries: 2 })).rejects.toThrow('querySeries')
  })
})

describe('requests for last points', () => {
  test('say the same in a body and in a query string', () => {
    const body = {
      queries: [{ metric: 'm', tags: { host: 'a' } }, { tsuids: ['01', '02'] }],
      resolveNames: true,
      backScan: 24,
    }
    expect(parseLastBody(JSON.stringify(body))).toEqual(body)
    const text = 'timeseries=m{host=a}&tsuids=01,02&resolve&back_scan=24'
    expect(parseLastParameters(new URLSearchParams(text))).toEqual(body)
  })

  test.each([
    ['{}', 'Missing sub queries'],
    ['[]', 'must be an object'],
    ['{', 'Unable to parse'],
    ['{"queries":[{}]}', 'Missing the metric or tsuids'],
    ['{"queries":[{"metric":"m","tags":{"host":1}}]}', 'The tag host must be text'],
    ['{"queries":[{"metric":"m"}],"backScan":"x"}', 'Unable to parse backScan'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => parseLastBody(text)).toThrow(why)
  })

  test('hours must be a whole number', () => {
    for (const hours of ['x', '', '1.5']) {
      expect(() => parseLastParameters(new URLSearchParams(`timeseries=m&back_scan=${hours}`))).toThrow('back_scan')
    }
  })
})
