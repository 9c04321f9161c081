import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { ENV } from '../../functions/environment.ts'
import { encodeTsuid } from '../../lib/codec/tsuid.ts'
import { DEFAULT_LIMITS } from '../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { parseQueryBody, runQuery } from '../../lib/query/index.ts'
import { startDynamo, TABLES } from '../helpers/dynamo.ts'
import { httpEvent, lambdaContext } from '../helpers/http-event.ts'
import { PointWriter } from '../helpers/stored-points.ts'
import { columns, points as pointsOf } from '../unit/query/columns.ts'
import { modelInterval } from './calendar.ts'
import { type ModelFilter, type ModelQuery, type ModelSeries, modelAnswer, type Value } from './model.ts'

// Random queries of random points, held to what a plain model answers: many of points in memory, some of points that are stored
// and asked for as in a deployment. DIFFERENTIAL_RUNS=50000 asks more, DIFFERENTIAL_SEED=2 another set of points and queries.

const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 1000)
const STORED_RUNS = Math.ceil(RUNS / 40)
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 1)

const DAY = 86_400_000
const SHORT = Date.UTC(2013, 0, 1)
/** Clocks change in Sao Paulo on 21 October, over midnight, in New York on 4 November, in the others not at all. */
const LONG = Date.UTC(2012, 9, 18)
const ZONES = ['UTC', 'America/New_York', 'Asia/Kolkata', 'America/Sao_Paulo', 'Europe/Moscow']

// ------------------------------------------------------------------------------------------------- the points

const integer = fc.bigInt({ min: -500n, max: 500n })
const double = fc.integer({ min: -2000, max: 2000 }).map((value) => value / 8 + 0.0625)
const VALUES: readonly fc.Arbitrary<Value>[] = [
  integer,
  double,
  fc.oneof(integer, double),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 0n, max: 60_000n }),
  fc.oneof({ weight: 9, arbitrary: integer }, { weight: 1, arbitrary: double }),
]

/** Some series of a metric: values of one sort, times about as far apart, with gaps. */
function metricOf(index: number): ModelSeries[] {
  const value = VALUES[index % VALUES.length] ?? integer
  const long = index >= VALUES.length
  const step = long ? 5 * 3_600_000 : 40_000
  const gap = fc.oneof(
    { weight: 6, arbitrary: fc.constant(step) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 2 * step }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 * step }) },
  )
  const series = fc.record({
    tags: fc.record(
      {
        host: fc.constantFrom('h0', 'h1', 'H1', 'h2'),
        dc: fc.constantFrom('lga', 'dal'),
        cpu: fc.constantFrom('0', '1'),
      },
      { requiredKeys: ['host'] },
    ),
    start: fc.integer({ min: 0, max: 10 }).map((steps) => (long ? LONG : SHORT) + steps * step),
    points: fc.array(fc.tuple(gap, value), { minLength: 1, maxLength: 100, size: 'max' }),
  })
  const [some = []] = fc.sample(
    fc.uniqueArray(series, { minLength: 1, maxLength: 7, selector: ({ tags }) => JSON.stringify(tags), size: 'max' }),
    { seed: SEED * 1000 + index, numRuns: 1 },
  )
  return some.map(({ tags, start, points }) => {
    let time = start
    return {
      tags,
      tsuid: '',
      points: points.map(([gapMs, one]) => {
        time += index % 2 === 0 ? Math.ceil(gapMs / 1000) * 1000 : gapMs
        return { time, value: one }
      }),
    }
  })
}

/** As many metrics whose points lie a minute apart, then as many whose points lie hours apart. */
const METRICS = Array.from({ length: 2 * VALUES.length }, (_, index) => metricOf(index))
const nameOf = (index: number) => `diff.m${index}`

// ------------------------------------------------------------------------------------------------ the queries

const AGGREGATORS = [
  ...['sum', 'min', 'max', 'avg', 'median', 'mult', 'dev', 'diff', 'count', 'squareSum', 'zimsum', 'mimmin', 'mimmax'],
  ...['first', 'last', 'pfsum', 'none', 'p50', 'p75', 'p90', 'p95', 'p99', 'p999'],
  ...['50', '75', '90', '95', '99', '999'].flatMap((percent) => [`ep${percent}r3`, `ep${percent}r7`]),
]

const filters: fc.Arbitrary<ModelFilter> = fc
  .constantFrom<Omit<ModelFilter, 'groupBy'>>(
    { type: 'wildcard', tagk: 'host', filter: '*' },
    { type: 'wildcard', tagk: 'host', filter: 'h*' },
    { type: 'iwildcard', tagk: 'host', filter: 'H*' },
    { type: 'literal_or', tagk: 'host', filter: 'h1|h2' },
    { type: 'iliteral_or', tagk: 'host', filter: 'h1' },
    { type: 'not_literal_or', tagk: 'dc', filter: 'lga' },
    { type: 'not_iliteral_or', tagk: 'host', filter: 'h1' },
    { type: 'regexp', tagk: 'host', filter: '[1-2]$' },
    { type: 'wildcard', tagk: 'cpu', filter: '*' },
    { type: 'wildcard', tagk: 'dc', filter: '*' },
  )
  .chain((filter) => fc.boolean().map((groupBy) => ({ ...filter, groupBy })))

const rate = fc.record(
  {
    counter: fc.boolean(),
    dropResets: fc.boolean(),
    counterMax: fc.constantFrom(500, 65_535),
    resetValue: fc.constantFrom(0, 1, 100),
  },
  { requiredKeys: ['counter', 'dropResets'] },
)

const interval = (long: boolean) =>
  long
    ? fc.oneof(
        fc.constant('all' as const),
        fc.constantFrom('6h', '1d', '2d', '1w', '1n', '1y').map((text) => modelInterval(Number(text[0]), unitOf(text))),
        fc
          .tuple(
            fc.constantFrom('1h', '6h', '7h', '1d', '2d', '5d', '1w', '2w', '1n', '3n', '1y'),
            fc.constantFrom(...ZONES),
          )
          .map(([text, zone]) => modelInterval(Number(text[0]), unitOf(text), zone)),
      )
    : fc.oneof(
        fc.constant('all' as const),
        fc
          .constantFrom('5000ms', '10s', '30s', '90s', '1m', '7m', '10m', '1h', '1d')
          .map((text) => modelInterval(Number.parseInt(text, 10), unitOf(text))),
        fc
          .tuple(fc.constantFrom('7000ms', '20s', '45s', '5m', '7m', '1h'), fc.constantFrom(...ZONES))
          .map(([text, zone]) => modelInterval(Number.parseInt(text, 10), unitOf(text), zone)),
      )

function unitOf(text: string): 'ms' | 's' | 'm' | 'h' | 'd' | 'w' | 'n' | 'y' {
  return text.replace(/\d+/, '') as 'ms'
}

const query = fc.integer({ min: 0, max: METRICS.length - 1 }).chain((index) => {
  const long = index >= VALUES.length
  const unit = long ? 3_600_000 : 1000
  const time = fc.integer({ min: -5 * 3600, max: long ? 40 * 24 * 3600 : 3 * 3600 })
  return fc.record({
    index: fc.constant(index),
    aggregator: fc.constantFrom(...AGGREGATORS),
    times: fc
      .tuple(time, fc.integer({ min: 1, max: long ? 30 * 24 : 3600 }), fc.constantFrom(0, 0, 0, 1, 999))
      .map(([start, length, ms]) => {
        const from = (long ? LONG : SHORT) + start * 1000
        return { start: from, end: from + length * unit + ms }
      }),
    downsample: fc.option(
      fc.record({
        interval: interval(long),
        downsampler: fc.constantFrom(...AGGREGATORS.filter((name) => name !== 'none')),
        fill: fc.constantFrom('none', 'none', 'nan', 'null', 'zero'),
      }),
      { nil: undefined },
    ),
    rate: fc.option(rate, { nil: undefined, freq: 3 }),
    filters: fc.array(filters, { maxLength: 3 }),
    explicitTags: fc.boolean(),
  })
})

type RandomQuery = typeof query extends fc.Arbitrary<infer T> ? T : never

function modelQuery({ times, downsample, rate: options, ...rest }: RandomQuery): ModelQuery {
  return { ...rest, ...times, ...downsample, ...(options !== undefined && { rate: options }) }
}

function bodyOf({ index, times, downsample, rate: rateOptions, ...sub }: RandomQuery): string {
  const { interval: one, downsampler, fill } = downsample ?? {}
  const zone = one === undefined || one === 'all' ? undefined : one.calendar
  const text =
    one === undefined ? undefined : one === 'all' ? '0all' : `${one.count}${one.unit}${zone === undefined ? '' : 'c'}`
  return JSON.stringify({
    ...times,
    timezone: zone,
    msResolution: true,
    showTSUIDs: true,
    queries: [
      {
        ...sub,
        metric: nameOf(index),
        downsample: text === undefined ? undefined : `${text}-${downsampler}-${fill}`,
        rate: rateOptions !== undefined,
        rateOptions,
      },
    ],
  })
}

// ------------------------------------------------------------------------------------------------ the answers

interface Answered {
  readonly tags: Readonly<Record<string, string>>
  readonly aggregateTags: readonly string[]
  readonly tsuids: readonly string[]
  readonly points: readonly (readonly [time: number, value: Value])[]
}

function same(want: Value, got: Value | undefined, aggregator: string): boolean {
  if (typeof want !== typeof got) return false
  // the square root of a sum of squares loses a few of the last digits, by the order of the steps, and is cut off
  if (typeof want === 'bigint') return want === got || (aggregator === 'dev' && near(Number(want), Number(got)))
  return Object.is(want, got) || near(want, Number(got))
}

function near(want: number, got: number): boolean {
  return want === got || Math.abs(got - want) <= 1e-9 * Math.max(1, Math.abs(want))
}

const groupKey = ({ tsuids }: { readonly tsuids: readonly string[] }) => tsuids.join()

/** @throws AssertionError at the first difference */
function compare(all: readonly ModelSeries[], one: RandomQuery, got: readonly Answered[]): void {
  const want = modelAnswer(all, modelQuery(one))
  expect(got.map(groupKey).sort()).toEqual(want.map(groupKey).sort())
  for (const group of want) {
    const other = got.find((candidate) => groupKey(candidate) === groupKey(group))
    expect(other?.tags).toEqual(group.tags)
    expect([...(other?.aggregateTags ?? [])].sort()).toEqual([...group.aggregateTags].sort())
    const points = other?.points ?? []
    const wrong = group.points.findIndex(
      ({ time, value }, i) => points[i]?.[0] !== time || !same(value, points[i]?.[1], one.aggregator),
    )
    expect([wrong, wrong < 0 ? [] : points[wrong]]).toEqual([-1, []])
    expect(points.length).toBe(group.points.length)
  }
}

const TAGK_UIDS: Readonly<Record<string, number>> = { host: 1, dc: 2, cpu: 3 }
const TAGV_UIDS: ReadonlyMap<string, number> = new Map(
  ['h0', 'h1', 'H1', 'h2', 'lga', 'dal', '0', '1'].map((name, i) => [name, i + 1]),
)

test('random queries of random points are answered as a plain model answers them', { timeout: 600_000 }, async () => {
  const stored = METRICS.map((series, index) =>
    series.map((one) => {
      const tags = Object.entries(one.tags)
        .map(([tagk, tagv]) => [TAGK_UIDS[tagk] ?? 0, TAGV_UIDS.get(tagv) ?? 0] as const)
        .sort((a, b) => a[0] - b[0])
      const tsuid = encodeTsuid(index + 1, tags, DEFAULT_UID_WIDTHS)
      return { tsuid, tags, model: { ...one, tsuid: Buffer.from(tsuid).toString('hex').toUpperCase() } }
    }),
  )
  const uids = {
    metric: new Map(METRICS.map((_, index) => [nameOf(index), index + 1])),
    tagk: new Map(Object.entries(TAGK_UIDS)),
    tagv: TAGV_UIDS,
  }
  const deps = {
    names: {
      widths: DEFAULT_UID_WIDTHS,
      namesToUids: async (kind: keyof typeof uids, names: Iterable<string>) =>
        new Map([...names].flatMap((name) => [...uids[kind]].filter(([other]) => other === name))),
      uidsToNames: async (kind: keyof typeof uids) => new Map([...uids[kind]].map(([name, uid]) => [uid, name])),
    },
    source: {
      read: async (
        metric: number,
        range: { from: number; to: number },
        wanted: (tags: (typeof stored)[0][0]['tags']) => boolean,
      ) =>
        (stored[metric - 1] ?? [])
          .filter(({ tags }) => wanted(tags))
          .map(({ tsuid, tags, model }) => {
            const inside = model.points.filter(({ time }) => time >= range.from * 1000 && time < range.to * 1000)
            return { tsuid, tags, points: columns(inside.map(({ time, value }) => [time, value])) }
          })
          .filter(({ points }) => points.count > 0)
          .sort((a, b) => Buffer.compare(a.tsuid, b.tsuid)),
    },
    limits: DEFAULT_LIMITS,
    clock: () => 0,
  }
  await fc.assert(
    fc.asyncProperty(query, async (one) => {
      const { results } = await runQuery(deps, parseQueryBody(bodyOf(one), 0))
      const got = results.map((result) => ({ ...result, points: pointsOf(result.points) }))
      compare(stored[one.index]?.map(({ model }) => model) ?? [], one, got)
    }),
    { seed: SEED, numRuns: RUNS },
  )
})

/** Reads an answer without losing a digit of its values, or whether they are doubles. */
function readAnswer(text: string): Answered[] {
  const exact = text.replace(/\[(\d+),"?(null|-?[\w.-]+)"?\]/g, '[$1,"$2"]')
  const value = (digits: string) =>
    /^-?\d+$/.test(digits) ? BigInt(digits) : digits === 'null' ? Number.NaN : Number(digits)
  return JSON.parse(exact).map(({ dps, ...rest }: { dps: [number, string][] }) => ({
    ...rest,
    points: dps.map(([time, digits]) => [time, value(digits)]),
  }))
}

test('so are queries of points that were stored, by the function that is deployed', { timeout: 600_000 }, async () => {
  // those of points hours apart would read hundreds of hours each, one after another
  const dense = METRICS.slice(0, VALUES.length)
  const dynamo = await startDynamo()
  try {
    const writer = new PointWriter(dynamo.endpoint)
    for (const [index, series] of dense.entries()) {
      const points = series.flatMap(({ tags, points: some }) =>
        some.map(
          ({ time, value }) =>
            `{"metric":"${nameOf(index)}","timestamp":${time},"value":${value},"tags":${JSON.stringify(tags)}}`,
        ),
      )
      await writer.write(`[${points}]`)
    }
    writer.close()
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.endpoint)
    vi.stubEnv(ENV.tsdbTable, TABLES.data)
    vi.stubEnv(ENV.uidTable, TABLES.uid)
    vi.stubEnv(ENV.metaTable, TABLES.meta)
    const { handler } = await import('../../functions/query.ts')
    const ask = async (body: string): Promise<Answered[]> => {
      const event = httpEvent({ method: 'POST', path: '/api/query?arrays', body })
      const { statusCode, body: text = '' } = (await handler(
        event,
        lambdaContext(),
      )) as APIGatewayProxyStructuredResultV2
      expect(statusCode, text).toBe(200)
      return readAnswer(text)
    }
    // series of a group are ordered by their TSUIDs, which only the store knows
    const key = (tags: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(tags).sort())
    const models: ModelSeries[][] = []
    for (const [index, series] of dense.entries()) {
      const queries = [{ metric: nameOf(index), aggregator: 'none', downsample: '0all-count' }]
      const found = await ask(JSON.stringify({ start: SHORT, end: SHORT + DAY, showTSUIDs: true, queries }))
      const tsuids = new Map(found.map(({ tags, tsuids: [tsuid = ''] }) => [key(tags), tsuid]))
      models.push(series.map((one) => ({ ...one, tsuid: tsuids.get(key(one.tags)) ?? '' })))
    }
    await fc.assert(
      fc.asyncProperty(
        query.filter(({ index }) => index < dense.length),
        async (one) => compare(models[one.index] ?? [], one, await ask(bodyOf(one))),
      ),
      { seed: SEED, numRuns: STORED_RUNS },
    )
  } finally {
    await dynamo.stop()
  }
})
