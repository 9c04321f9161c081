import {
  asList,
  asObject,
  asText,
  asTextList,
  type Connection,
  GO_HEADERS,
  goJson,
  goNumber,
  PROXY_HEADERS,
  type ReceivedAnswer,
  type SentRequest,
  send,
} from './grafana.ts'

// What Grafana's KairosDB data sources send and read:
//
//   core    Grafana 2, which had one of its own
//   plugin  grafana-kairosdb-datasource 3: the browser asks, through Grafana's proxy or straight
//   alerts  its back end, which asks for alerts alone
//   arp     arpnetworking-kairosdb-datasource, for Grafana 10.4 and later: the browser asks

export const GENERATIONS = ['core', 'plugin', 'alerts', 'arp'] as const
export type Generation = (typeof GENERATIONS)[number]

export type KairosSource = Connection

/** A parameter of an aggregator as a dashboard stores it. */
interface Parameter {
  readonly name: string
  readonly type: 'alignment' | 'sampling' | 'sampling_unit' | 'any' | 'enum'
  readonly value: string
}

/** A query as a dashboard stores it. */
export interface KairosTarget {
  readonly refId?: string
  readonly query: {
    readonly metricName: string
    readonly alias?: string
    readonly tags?: Readonly<Record<string, readonly string[]>>
    readonly groupBy?: {
      readonly tags?: readonly string[]
      readonly time?: readonly { readonly interval: string; readonly unit: string; readonly count: number }[]
      readonly value?: readonly string[]
    }
    readonly aggregators?: readonly {
      readonly name: string
      readonly parameters: readonly Parameter[]
      readonly autoValueSwitch?: { readonly enabled: boolean }
    }[]
  }
}

/** What a panel asks. */
export interface KairosPanel {
  /** Milliseconds since 1970. */
  readonly from: number
  /** Milliseconds since 1970. */
  readonly to: number
  /** The panel's interval, as Grafana writes it: `10s`. */
  readonly interval: string
  readonly targets: readonly KairosTarget[]
}

/** A series as a panel gets it. */
export interface ReadSeries {
  readonly name: string
  /** Milliseconds since 1970, and values; null is a gap. */
  readonly points: readonly (readonly [ms: number, value: unknown])[]
}

const UNITS: Readonly<Record<string, string>> = {
  ms: 'MILLISECONDS',
  s: 'SECONDS',
  m: 'MINUTES',
  h: 'HOURS',
  d: 'DAYS',
  w: 'WEEKS',
  M: 'MONTHS',
  y: 'YEARS',
}

/** `5m` as its number and unit. */
function partsOf(interval: string): { value: string; unit: string } {
  const [, value = '1', unit = 'm'] = /^(\d+)(ms|[smhdwMy])$/.exec(interval) ?? []
  return { value, unit: UNITS[unit]! }
}

type StoredAggregator = NonNullable<KairosTarget['query']['aggregators']>[number]

/** The sampling of an aggregator as it is stored, or the panel's interval where that is switched on. */
function samplingOf(
  { parameters, autoValueSwitch }: StoredAggregator,
  interval: string,
): { value: string; unit: string } | undefined {
  const value = parameters.find(({ type }) => type === 'sampling')?.value
  const unit = parameters.find(({ type }) => type === 'sampling_unit')?.value
  if (value === undefined || unit === undefined) return undefined
  return autoValueSwitch?.enabled === true ? partsOf(interval) : { value, unit }
}

function othersOf({ parameters }: StoredAggregator): readonly Parameter[] {
  return parameters.filter(({ type }) => type === 'any' || type === 'enum')
}

function alignmentOf({ parameters }: StoredAggregator): string | undefined {
  return parameters.find(({ type }) => type === 'alignment')?.value
}

const asNumber = (text: string): string | number => (Number.isNaN(Number(text)) ? text : Number(text))

function aggregatorOf(generation: Generation, aggregator: StoredAggregator, interval: string): object {
  const { name } = aggregator
  const sampling = samplingOf(aggregator, interval)
  const alignment = alignmentOf(aggregator)
  const others = othersOf(aggregator)
  switch (generation) {
    case 'core':
      return {
        name,
        ...(sampling !== undefined && {
          align_sampling: true,
          align_start_time: true,
          sampling: { value: sampling.value, unit: sampling.unit.toLowerCase() },
        }),
        ...Object.fromEntries(others.map((one) => [one.name, one.value])),
      }
    case 'plugin':
      return {
        name,
        ...(alignment === 'START_TIME' && { align_start_time: true }),
        ...(alignment === 'SAMPLING' && { align_sampling: true }),
        ...(sampling !== undefined && { sampling }),
        ...Object.fromEntries(others.map((one) => [one.name, one.value])),
      }
    case 'alerts':
      return {
        name,
        ...(alignment !== undefined && {
          align_sampling: alignment === 'SAMPLING',
          align_start_time: alignment === 'START_TIME',
        }),
        ...(sampling !== undefined && {
          sampling: { value: Number(sampling.value), unit: sampling.unit.toLowerCase() },
        }),
        ...Object.fromEntries(others.map((one) => [one.name, asNumber(one.value)])),
      }
    case 'arp':
      return {
        name,
        ...(alignment === 'START_TIME' && { align_start_time: true }),
        ...(alignment === 'SAMPLING' && { align_sampling: true }),
        ...(alignment === 'PERIOD' && { align_end_time: true }),
        ...(sampling !== undefined && { sampling: { value: Number(sampling.value), unit: sampling.unit } }),
        ...Object.fromEntries(others.map((one) => [one.name, asNumber(one.value)])),
      }
  }
}

function groupBysOf(generation: Generation, { groupBy }: KairosTarget['query']): readonly object[] {
  const tags = (groupBy?.tags ?? []).length > 0 ? [{ name: 'tag', tags: groupBy?.tags }] : []
  if (generation === 'alerts') return tags
  const times = (groupBy?.time ?? []).map(({ interval, unit, count }) => ({
    name: 'time',
    group_count: count,
    range_size: { value: interval, unit },
  }))
  return [...tags, ...times, ...(groupBy?.value ?? []).map((size) => ({ name: 'value', range_size: size }))]
}

function metricOf(generation: Generation, { query }: KairosTarget, interval: string): object {
  const aggregators = (query.aggregators ?? []).map((one) => aggregatorOf(generation, one, interval))
  const groupBys = groupBysOf(generation, query)
  const tags = Object.fromEntries(Object.entries(query.tags ?? {}).filter(([, values]) => values.length > 0))
  const hasTags = Object.keys(tags).length > 0
  if (generation === 'plugin') return { limit: 0, name: query.metricName, tags, aggregators, group_by: groupBys }
  return {
    name: query.metricName,
    ...(aggregators.length > 0 && { aggregators }),
    ...((groupBys.length > 0 || generation === 'arp') && { group_by: groupBys }),
    ...(hasTags && { tags }),
  }
}

function post(generation: Generation, path: string, body: object): SentRequest {
  if (generation === 'alerts') {
    return { method: 'POST', path, headers: { ...GO_HEADERS, 'content-type': 'application/json' }, body: goJson(body) }
  }
  // a version of the plugin sends a cookie's text along, which is empty where there is no cookie
  const token = generation === 'plugin' ? { 'x-grafana-token': '' } : {}
  const headers = { ...PROXY_HEADERS, 'content-type': 'application/json', ...token }
  return { method: 'POST', path, headers, body: JSON.stringify(body) }
}

/** The request of a panel. */
export function panelRequest(generation: Generation, { from, to, interval, targets }: KairosPanel): SentRequest {
  const metrics = targets.map((target) => metricOf(generation, target, interval))
  const second = (ms: number) => Math.floor(ms / 1000) * 1000
  const times =
    generation === 'plugin'
      ? { start_absolute: second(from), end_absolute: second(to) }
      : { start_absolute: from, end_absolute: to }
  const cache = generation === 'core' || generation === 'plugin' ? { cache_time: 0 } : {}
  return post(generation, '/api/v1/datapoints/query', { ...cache, ...times, metrics })
}

/** Asks a panel's queries and reads the answer. @throws UnreadableAnswerError, or an Error with what Grafana would show */
export async function askPanel(
  generation: Generation,
  source: KairosSource,
  panel: KairosPanel,
): Promise<ReadSeries[]> {
  const answer = await send(source, panelRequest(generation, panel))
  checkStatus(answer)
  const queries = asList(asObject(JSON.parse(answer.text), 'the answer').queries, 'queries')
  return queries.flatMap((query, i) =>
    asList(asObject(query, 'a query').results, 'results').map((result) => {
      const fields = asObject(result, 'a result')
      const name = seriesName(fields, panel.targets[i]?.query.alias)
      const points = asList(fields.values, 'values').flatMap((pair) => {
        const [time, value] = asList(pair, 'a point')
        const at = goNumber(time, 'a time')
        if (generation === 'alerts') return [[at, goNumber(value, 'a value')] as const]
        if (generation === 'arp') return value === null ? [] : [[at, Number(value)] as const]
        return [[at, value] as const]
      })
      return { name, points }
    }),
  )
}

/** All of them show the first of the errors, or the list. */
function checkStatus({ status, text }: ReceivedAnswer): void {
  if (status >= 200 && status < 300) return
  throw new Error(`${status}: ${asTextList(asObject(JSON.parse(text), 'the answer').errors, 'errors')[0]}`)
}

/** What tells the series of one query apart: `web01 (host=web01 value_group=2)`. */
function seriesName(result: Readonly<Record<string, unknown>>, alias: string | undefined): string {
  const metric = asText(result.name, 'name')
  const groups = asList(result.group_by ?? [], 'group_by').flatMap((one) => {
    const { name, group } = asObject(one, 'a grouping')
    if (name === 'tag')
      return Object.entries(asObject(group, 'group')).map(([tag, value]) => `${tag}=${asText(value, tag)}`)
    if (name !== 'time' && name !== 'value') return []
    return [`${name}_group=${goNumber(asObject(group, 'group').group_number, 'group_number')}`]
  })
  if (groups.length === 0) return alias ?? metric
  return alias === undefined ? groups.join(' ') : `${alias} (${groups.join(' ')})`
}

/** "Save & test". @returns the status */
export async function saveAndTest(generation: 'plugin' | 'arp', source: KairosSource): Promise<number> {
  const path = generation === 'plugin' ? '/api/v1/health/status' : '/api/v1/version'
  const { status, text } = await send(source, { method: 'GET', path, headers: PROXY_HEADERS })
  if (generation === 'arp') asText(asObject(JSON.parse(text), 'the answer').version, 'version')
  return status
}

/** What is suggested as one types, and what `metrics(text)` of a variable gives: the browser picks. */
export async function metricNames(generation: 'core' | 'plugin' | 'arp', source: KairosSource, text: string) {
  const isPrefix = generation === 'arp' && text.startsWith('^') && text.length > 2
  const path = isPrefix ? `/api/v1/metricnames?prefix=${encodeURIComponent(text.slice(1))}` : '/api/v1/metricnames'
  const answer = await send(source, { method: 'GET', path, headers: PROXY_HEADERS })
  checkStatus(answer)
  const names = asTextList(asObject(JSON.parse(answer.text), 'the answer').results, 'results')
  return isPrefix ? names : names.filter((name) => name.includes(text))
}

/** The tags that `tag_names(metric)` and `tag_values(metric, tag, filter)` of a variable are picked from. @param now milliseconds since 1970 */
export async function metricTags(
  generation: 'core' | 'plugin' | 'arp',
  source: KairosSource,
  metric: string,
  filters: Readonly<Record<string, readonly string[]>> = {},
  now: number = Date.now(),
): Promise<Readonly<Record<string, readonly string[]>>> {
  const hasFilters = Object.keys(filters).length > 0
  const body = {
    core: { metrics: [{ name: metric }], cache_time: 0, start_absolute: 0 },
    plugin: { cache_time: 0, metrics: [{ name: metric, tags: filters }], start_absolute: 0 },
    arp: {
      start_absolute: now - 86_400_000,
      end_absolute: now,
      metrics: [{ name: metric, ...(hasFilters && { tags: filters }) }],
    },
  }[generation]
  const answer = await send(source, post(generation, '/api/v1/datapoints/query/tags', body))
  checkStatus(answer)
  const [query] = asList(asObject(JSON.parse(answer.text), 'the answer').queries, 'queries')
  const [result] = asList(asObject(query, 'a query').results, 'results')
  const tags = Object.entries(asObject(asObject(result, 'a result').tags, 'tags'))
  return Object.fromEntries(tags.map(([tag, values]) => [tag, asTextList(values, tag)]))
}
