import { isObject, type Json, type JsonObject } from './json.ts'

/** Fields whose values no two servers share; that they are there is all that counts. */
const MASKED: ReadonlySet<string> = new Set([
  'tsuid',
  'tsuids',
  'branchId',
  'uid',
  'created',
  'lastReceived',
  'totalDatapoints',
  'retention',
  'details',
  'statsSummary',
  'stats',
])

/** One text for all ways to write the same value; the order of arrays and of fields is free. */
function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'undefined'
  const fields = Object.keys(value).filter((key) => !MASKED.has(key))
  return `{${fields
    .sort()
    .map((key) => `${key}:${canonical(value[key])}`)
    .join()}}`
}

/** By what a series is told from others: the points don't count. */
function identity(series: JsonObject): string {
  if ('values' in series) {
    return canonical({ name: series.name ?? null, tags: series.tags ?? null, groups: series.group_by ?? null })
  }
  if (!('dps' in series)) return canonical(series)
  const { query } = series
  return canonical({
    metric: series.metric ?? null,
    tags: series.tags ?? null,
    aggregateTags: series.aggregateTags ?? null,
    query: isObject(query) ? (query.index ?? null) : null,
  })
}

function near(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)) || Math.abs(a - b) < 1e-12
}

const brief = (value: Json | undefined): string => JSON.stringify(value)?.slice(0, 80) ?? 'nothing'

/** KairosDB's points of one time come in any order: by their times as they come, those of one time by value. */
function byTime(points: readonly (readonly Json[])[]): Json[][] {
  const positions = new Map<string, number>()
  for (const [i, [time = null]] of points.entries()) {
    const key = canonical(time)
    if (!positions.has(key)) positions.set(key, i)
  }
  const keyed = points.map((point) => ({
    point: [...point],
    position: positions.get(canonical(point[0] ?? null)) ?? 0,
    value: typeof point[1] === 'number' ? point[1] : 0,
    text: canonical([...point]),
  }))
  keyed.sort((a, b) => a.position - b.position || a.value - b.value || (a.text < b.text ? -1 : 1))
  return keyed.map(({ point }) => point)
}

const isList = (value: Json): value is Json[] => Array.isArray(value)

/** Tells the first difference between what the original answered and what was got; undefined where there is none. */
export function differ(want: Json | undefined, got: Json | undefined, path = ''): string | undefined {
  if (typeof want === 'number') return differNumbers(want, got, path)
  if (Array.isArray(want)) return differArrays(want, got, path)
  if (isObject(want)) return differObjects(want, got, path)
  // null and a missing field say the same
  const same = want === got || (want === null && got === undefined)
  return same ? undefined : `${path}: want ${brief(want)}, got ${brief(got)}`
}

/** Values may differ in the last digits of a double, times not at all. */
function differNumbers(want: number, got: Json | undefined, path: string): string | undefined {
  const value = typeof got === 'string' && /^#-?\d+$/.test(got) ? Number(got.slice(1)) : got
  const isTime = /\.(?:dps|values)\[\d+\]\[0\]$/.test(path)
  const same = typeof value === 'number' && (isTime ? want === value : near(want, value))
  return same ? undefined : `${path}: want ${want}, got ${brief(got)}`
}

function differArrays(want: readonly Json[], got: Json | undefined, path: string): string | undefined {
  if (!Array.isArray(got)) return `${path}: want an array, got ${brief(got)}`
  if (want.length !== got.length) return `${path}: want ${want.length} elements, got ${got.length}`
  if (path.endsWith('.values') && want.every(isList) && got.every(isList)) {
    return differInOrder(byTime(want), byTime(got), path)
  }
  const free =
    path.endsWith('.aggregateTags') ||
    path === '.results' ||
    /\.results\[\d+\]\.tags\./.test(path) ||
    (path !== '.queries' && want.every(isObject))
  const key = (value: Json) => (isObject(value) ? identity(value) : canonical(value))
  const inOrder = (list: readonly Json[]) =>
    free ? [...list].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)) : list
  return differInOrder(inOrder(want), inOrder(got), path)
}

function differInOrder(want: readonly Json[], got: readonly Json[], path: string): string | undefined {
  for (const [i, element] of want.entries()) {
    const difference = differ(element, got[i], `${path}[${i}]`)
    if (difference !== undefined) return difference
  }
  return undefined
}

/** More fields than wanted are fine, more points are not; KairosDB's queries have what is named, and nothing else. */
function differObjects(want: JsonObject, got: Json | undefined, path: string): string | undefined {
  if (!isObject(got)) return `${path}: want an object, got ${brief(got)}`
  for (const [key, value] of Object.entries(want)) {
    if (MASKED.has(key)) {
      if ((value ?? null) !== null && (got[key] ?? null) === null) return `${path}.${key} is missing`
      continue
    }
    const difference = differ(value, got[key], `${path}.${key}`)
    if (difference !== undefined) return difference
  }
  const extra = path.endsWith('.dps') ? Object.keys(got).filter((key) => !(key in want)) : []
  if (extra.length > 0) return `${path}: ${extra.length} points too many, first ${extra[0]}`
  const more = path.startsWith('.queries[') ? Object.keys(got).filter((key) => !(key in want) && got[key] != null) : []
  return more.length > 0 ? `${path}: ${more} should not be there` : undefined
}
