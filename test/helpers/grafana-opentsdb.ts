import {
  asList,
  asObject,
  asText,
  asTextList,
  asTexts,
  type Connection,
  GO_HEADERS,
  goJson,
  goNumber,
  PROXY_HEADERS,
  type ReceivedAnswer,
  type SentRequest,
  send,
  UnreadableAnswerError,
} from './grafana.ts'

// What Grafana's OpenTSDB data source sends and reads, in its three generations:
//
//   F   the browser asks, through Grafana's proxy or straight
//   B1  Grafana's server asks, for alerts alone, beside F
//   B2  Grafana's server asks for everything

export type Generation = 'F' | 'B1' | 'B2'

/** A data source's settings. */
export interface OpenTsdbSource extends Connection {
  /** 1: up to 2.1; 2: 2.2; 3: 2.3; 4: 2.4. */
  readonly version: 1 | 2 | 3 | 4
  /** 1: seconds; 2: milliseconds. */
  readonly resolution: 1 | 2
  /** Undefined: never edited. */
  readonly lookupLimit?: number
}

/** A query as a dashboard stores it. */
export interface OpenTsdbTarget {
  readonly refId?: string
  readonly metric: string
  readonly aggregator?: string
  readonly disableDownsampling?: boolean
  readonly downsampleInterval?: string
  readonly downsampleAggregator?: string
  readonly downsampleFillPolicy?: string
  readonly shouldComputeRate?: boolean
  readonly isCounter?: boolean
  readonly counterMax?: string
  readonly counterResetValue?: string
  readonly explicitTags?: boolean
  readonly filters?: readonly object[]
  readonly tags?: Readonly<Record<string, string>>
}

/** What a panel asks. */
export interface OpenTsdbPanel {
  /** Milliseconds since 1970. */
  readonly from: number
  /** Milliseconds since 1970. */
  readonly to: number
  /** Whether the range ends at "now". */
  readonly endsNow?: boolean
  /** The panel's interval, as Grafana writes it: `10s`. */
  readonly interval: string
  readonly targets: readonly OpenTsdbTarget[]
}

/** A series as a panel gets it. */
export interface ReadSeries {
  readonly refId: string | undefined
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  /** Milliseconds since 1970, and values; null is a gap. */
  readonly points: readonly (readonly [ms: number, value: number | null])[]
}

/** Fractions of a second become milliseconds, but not in B1. */
function wholeInterval(text: string): string {
  const seconds = /^(\d*\.\d+)s$/.exec(text)?.[1]
  return seconds === undefined ? text : `${Math.round(Number(seconds) * 1000)}ms`
}

function downsampleOf(generation: Generation, target: OpenTsdbTarget, panel: OpenTsdbPanel): string | undefined {
  if (target.disableDownsampling === true) return undefined
  const { downsampleInterval = '', downsampleAggregator = 'avg', downsampleFillPolicy: fill } = target
  if (generation === 'B1') {
    const start = `${downsampleInterval || '1m'}-${downsampleAggregator}`
    return fill === 'none' ? start : `${start}-${fill ?? ''}`
  }
  const start = `${wholeInterval(downsampleInterval || panel.interval)}-${downsampleAggregator}`
  return fill === undefined || fill === '' || fill === 'none' ? start : `${start}-${fill}`
}

function rateOf(generation: Generation, target: OpenTsdbTarget, version: number): object {
  if (target.shouldComputeRate !== true) return {}
  const counterMax = target.counterMax ? Number(target.counterMax) : undefined
  const resetValue = target.counterResetValue ? Number(target.counterResetValue) : undefined
  const hasNoReset = counterMax === undefined && (resetValue ?? 0) === 0
  const dropResets =
    generation === 'F' ? version >= 2 && { dropResets: counterMax === undefined } : hasNoReset && { dropResets: true }
  return {
    rate: true,
    rateOptions: {
      counter: target.isCounter === true,
      ...(counterMax !== undefined && { counterMax }),
      ...(resetValue !== undefined && { resetValue }),
      ...dropResets,
    },
  }
}

function queryOf(generation: Generation, source: OpenTsdbSource, panel: OpenTsdbPanel, target: OpenTsdbTarget): object {
  const downsample = downsampleOf(generation, target, panel)
  const hasFilters = (target.filters ?? []).length > 0
  const hasTags = Object.keys(target.tags ?? {}).length > 0 && !(generation === 'F' && hasFilters)
  return {
    metric: target.metric,
    aggregator: target.aggregator ?? (generation === 'F' ? 'avg' : 'sum'),
    ...rateOf(generation, target, source.version),
    ...(downsample !== undefined && { downsample }),
    ...(hasFilters && { filters: target.filters }),
    ...(hasTags && { tags: target.tags }),
    ...(target.explicitTags === true && generation !== 'B1' && { explicitTags: true }),
  }
}

function postOf(generation: Generation, source: OpenTsdbSource, body: object): SentRequest {
  if (generation === 'F') {
    const headers = { ...PROXY_HEADERS, 'content-type': 'application/json' }
    return { method: 'POST', path: '/api/query', headers, body: JSON.stringify(body) }
  }
  const path = source.version === 4 ? '/api/query?arrays=true' : '/api/query'
  return { method: 'POST', path, headers: { ...GO_HEADERS, 'content-type': 'application/json' }, body: goJson(body) }
}

/** A body of F's, which says more than the others. */
function bodyOfF(
  { version, resolution }: OpenTsdbSource,
  { from, to, endsNow }: Omit<OpenTsdbPanel, 'targets' | 'interval'>,
  queries: readonly object[],
): object {
  return {
    start: from,
    queries,
    msResolution: resolution === 2,
    globalAnnotations: true,
    ...(version === 3 && { showQuery: true }),
    ...(endsNow !== true && { end: to }),
  }
}

/** The requests of a panel, and which of its targets each asks. */
export function panelRequests(
  generation: Generation,
  source: OpenTsdbSource,
  panel: OpenTsdbPanel,
): { readonly request: SentRequest; readonly targets: readonly OpenTsdbTarget[] }[] {
  const { from, to, targets } = panel
  const queries = targets.map((target) => queryOf(generation, source, panel, target))
  if (generation === 'F') {
    return [{ request: postOf('F', source, bodyOfF(source, panel, queries)), targets }]
  }
  if (generation === 'B1') return [{ request: postOf('B1', source, { start: from, end: to, queries }), targets }]
  const range = { start: Math.floor(from / 1000), end: Math.floor(to / 1000) }
  return targets.map((target, i) => ({
    request: postOf('B2', source, { ...range, queries: [queries[i]!] }),
    targets: [target],
  }))
}

/** Asks a panel's queries and reads the answers. @throws UnreadableAnswerError, or an Error with what Grafana would show */
export async function askPanel(
  generation: Generation,
  source: OpenTsdbSource,
  panel: OpenTsdbPanel,
): Promise<readonly ReadSeries[]> {
  const read: ReadSeries[] = []
  for (const { request, targets } of panelRequests(generation, source, panel)) {
    const answer = await send(source, request)
    checkStatus(generation, answer)
    const reader = generation === 'F' ? readByF : readByB
    read.push(...asList(JSON.parse(answer.text), 'the answer').map((one) => reader(source, targets, one)))
  }
  return read
}

/** F shows the message of the error, the others the status alone. */
function checkStatus(generation: Generation, { status, text }: ReceivedAnswer): void {
  if (status >= 200 && status < 300) return
  if (generation !== 'F') throw new Error(`request failed, status: ${status}`)
  throw new Error(asText(asObject(asObject(JSON.parse(text), 'the answer').error, 'error').message, 'message'))
}

function readByF(source: OpenTsdbSource, targets: readonly OpenTsdbTarget[], value: unknown): ReadSeries {
  const series = asObject(value, 'a series')
  const tags = asTexts(series.tags, 'tags')
  asTextList(series.aggregateTags, 'aggregateTags')
  const metric = asText(series.metric, 'metric')
  const scale = source.resolution === 2 ? 1 : 1000
  const points = Object.entries(asObject(series.dps, 'dps')).map(([time, point]): [number, number | null] => [
    Number(time) * scale,
    typeof point === 'number' ? point : null,
  ])
  return { refId: targetOfF(source, targets, metric, tags, series)?.refId, metric, tags, points }
}

function targetOfF(
  { version }: OpenTsdbSource,
  targets: readonly OpenTsdbTarget[],
  metric: string,
  tags: Readonly<Record<string, string>>,
  series: Readonly<Record<string, unknown>>,
): OpenTsdbTarget | undefined {
  if (version === 3) return targets[goNumber(asObject(series.query, 'query').index, 'query.index')]
  return targets.find((target) => {
    if (target.metric !== metric) return false
    if ((target.filters ?? []).length > 0) return true
    return Object.entries(target.tags ?? {}).every(
      ([key, wanted]) => wanted === '*' || wanted.split('|').includes(tags[key] ?? ''),
    )
  })
}

function readByB({ version }: OpenTsdbSource, targets: readonly OpenTsdbTarget[], value: unknown): ReadSeries {
  const series = asObject(value, 'a series')
  const [target] = targets
  const metric = asText(series.metric, 'metric')
  const tags = asTexts(series.tags, 'tags')
  if (version === 4) {
    const points = asList(series.dps, 'dps').map((point): [number, number] => {
      const [time, of] = asList(point, 'a point')
      return [goNumber(time, 'a time') * 1000, goNumber(of, 'a value')]
    })
    return { refId: target?.refId, metric, tags, points }
  }
  const dps = asObject(series.dps, 'dps')
  const points = Object.keys(dps)
    .sort()
    .map((time): [number, number] => [Number(time) * 1000, goNumber(dps[time], 'a value')])
  return { refId: target?.refId, metric, tags, points }
}

/** An annotation as Grafana draws it. */
export interface ReadAnnotation {
  readonly text: string
  /** Milliseconds since 1970. */
  readonly time: number
}

/** Asks for annotations; B1 has none. @param isGlobal whether "global" is on */
export async function askAnnotations(
  generation: Exclude<Generation, 'B1'>,
  source: OpenTsdbSource,
  metric: string,
  range: { readonly from: number; readonly to: number },
  isGlobal = false,
): Promise<readonly ReadAnnotation[]> {
  const queries = [{ aggregator: 'sum', metric }]
  const body =
    generation === 'F'
      ? bodyOfF(source, range, queries)
      : { start: Math.floor(range.from / 1000), end: Math.floor(range.to / 1000), queries }
  const answer = await send(source, postOf(generation, source, body))
  checkStatus(generation, answer)
  const series = asList(JSON.parse(answer.text), 'the answer').map((one) => asObject(one, 'a series'))
  if (generation === 'B2') for (const one of series) readByB(source, [], one)
  const shown = generation === 'F' ? series.slice(0, 1) : series
  return shown
    .flatMap((one) => (isGlobal ? one.globalAnnotations : one.annotations) ?? [])
    .map((one) => {
      const { description, startTime } = asObject(one, 'an annotation')
      return { text: asText(description, 'description'), time: Math.floor(goNumber(startTime, 'startTime')) * 1000 }
    })
}

function getOf(generation: Generation, path: string, parameters: readonly (readonly [string, string])[]): SentRequest {
  if (generation === 'F') {
    const query = new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value]))
    return { method: 'GET', path: `${path}?${query}`, headers: PROXY_HEADERS }
  }
  const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1))
  const query = sorted.map(([name, value]) => `${name}=${encodeURIComponent(value).replace('*', '%2A')}`).join('&')
  return { method: 'GET', path: query === '' ? path : `${path}?${query}`, headers: GO_HEADERS }
}

async function get(
  generation: Generation,
  source: OpenTsdbSource,
  path: string,
  parameters: readonly (readonly [string, string])[] = [],
): Promise<unknown> {
  const answer = await send(source, getOf(generation, path, parameters))
  checkStatus(generation, answer)
  return JSON.parse(answer.text)
}

const limitOf = (generation: Generation, { lookupLimit }: OpenTsdbSource): string =>
  String(lookupLimit ?? (generation === 'F' ? 1000 : 0))

/** "Save & test". @returns the status */
export async function saveAndTest(generation: 'F' | 'B2', source: OpenTsdbSource): Promise<number> {
  const parameters: [string, string][] = [
    ['type', 'metrics'],
    ['q', 'cpu'],
  ]
  if (generation === 'F') parameters.push(['max', limitOf('F', source)])
  return (await send(source, getOf(generation, '/api/suggest', parameters))).status
}

/** What is suggested as one types, and what `metrics()`, `suggest_tagk()` and `suggest_tagv()` of a variable give. */
export async function suggest(
  generation: 'F' | 'B2',
  source: OpenTsdbSource,
  type: 'metrics' | 'tagk' | 'tagv',
  text: string,
): Promise<readonly string[]> {
  const max = String(source.lookupLimit ?? 1000)
  return asTextList(
    await get(generation, source, '/api/suggest', [
      ['type', type],
      ['q', text],
      ['max', max],
    ]),
    'names',
  )
}

async function lookUp(
  generation: 'F' | 'B2',
  source: OpenTsdbSource,
  expression: string,
  limit: string,
): Promise<readonly Readonly<Record<string, string>>[]> {
  const parameters: [string, string][] = [
    ['m', expression],
    ['limit', limit],
  ]
  const answer = asObject(await get(generation, source, '/api/search/lookup', parameters), 'the answer')
  return asList(answer.results, 'results').map((one) => asTexts(asObject(one, 'a result').tags, 'tags'))
}

/** `tag_names(metric)` of a variable. */
export async function tagNames(generation: 'F' | 'B2', source: OpenTsdbSource, metric: string) {
  const found = await lookUp(generation, source, metric, '1000')
  return [...new Set(found.flatMap((tags) => Object.keys(tags)))]
}

/** `tag_values(metric, key, filter, ...)` of a variable. @param filters as they are written: `host=web01` */
export async function tagValues(
  generation: 'F' | 'B2',
  source: OpenTsdbSource,
  metric: string,
  key: string,
  ...filters: string[]
) {
  const expression = `${metric}{${[`${key}=*`, ...filters].join()}}`
  const found = await lookUp(generation, source, expression, limitOf(generation, source))
  return [...new Set(found.flatMap((tags) => tags[key] ?? []))]
}

/** What a person may choose from as aggregator. */
export async function aggregators(generation: 'F' | 'B2', source: OpenTsdbSource): Promise<readonly string[]> {
  const list = await get(generation, source, '/api/aggregators')
  if (!Array.isArray(list)) throw new UnreadableAnswerError('Only the built-in aggregators would show')
  return [...asTextList(list, 'aggregators')].sort()
}

/** What a person may choose from as filter. */
export async function filterTypes(generation: 'F' | 'B2', source: OpenTsdbSource): Promise<readonly string[]> {
  return Object.keys(asObject(await get(generation, source, '/api/config/filters'), 'filters')).sort()
}
