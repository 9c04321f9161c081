import type { MetricRule } from '../ingest/put-json.ts'
import type { Limits } from '../model/limits.ts'
import { type PointBatch, PointColumnsBuilder } from '../model/points.ts'
import type { SeriesName } from '../model/series.ts'
import { storedName } from './names.ts'

/** What is wrong with a part of a metric: `value may not be empty.` of `tag[host].` */
export interface PartFault {
  /** The part, as messages name it behind the metric. */
  readonly part: string
  readonly why: string
}

/** The tags of a metric, checked. Metrics of one request that have the same tags share one. */
export interface KairosTags {
  /** By name, as the store has them; empty where one is bad. */
  readonly sorted: SeriesName['tags']
  readonly faults: readonly PartFault[]
  /** Index in the batch's series, by the metric's stored name. */
  readonly series: Map<string, number>
}

/** Half of a character, which no bytes of UTF-8 can say. */
const LONE_SURROGATE = /\p{Cs}/u

/** Why a name can't be stored, in KairosDB's words where it has some. */
function nameFault(name: string | null, limits: Limits): string | undefined {
  if (name === null) return 'may not be null.'
  if (name === '') return 'may not be empty.'
  if (LONE_SURROGATE.test(name)) return 'must be well-formed Unicode.'
  const bytes = Buffer.byteLength(name.length > limits.kairosNameBytes ? name : storedName(name))
  if (bytes <= limits.kairosNameBytes) return undefined
  return `has ${bytes} bytes as it is stored, kairosNameBytes allows ${limits.kairosNameBytes}.`
}

/** A metric's name, checked once. */
export interface KairosMetric {
  readonly name: string
  readonly stored: string
  readonly fault: string | undefined
}

/**
 * Checks what a metric is called.
 * @param name null where there is none
 * @param mayPut whether the caller may put points of it, by its stored name; absent: of every metric
 */
export function checkMetric(name: string | null, limits: Limits, mayPut?: MetricRule): KairosMetric {
  const fault = nameFault(name, limits)
  const stored = fault === undefined ? storedName(name ?? '') : ''
  const isRefused = fault === undefined && mayPut?.(stored) === false
  return { name: name ?? '', stored, fault: isRefused ? `is not permitted by the token: ${name}` : fault }
}

/** Checks tags. @param sent each name once */
export function checkTags(
  sent: readonly (readonly [name: string, value: string | null])[],
  limits: Limits,
): KairosTags {
  const series = new Map<string, number>()
  if (sent.length === 0)
    return { sorted: [], faults: [{ part: 'tags count', why: 'must be greater than or equal to 1.' }], series }
  if (sent.length > limits.kairosTags) {
    const why = `must be at most ${limits.kairosTags}, which kairosTags allows: ${sent.length}.`
    return { sorted: [], faults: [{ part: 'tags count', why }], series }
  }
  const faults: PartFault[] = []
  const sorted: (readonly [string, string])[] = []
  for (const [i, [name, value]] of sent.entries()) {
    const badName = nameFault(name, limits)
    const badValue = badName === undefined ? nameFault(value, limits) : undefined
    if (badName !== undefined) faults.push({ part: `tag[${i}].name`, why: badName })
    if (badValue !== undefined) faults.push({ part: `tag[${name}].value`, why: badValue })
    if (badName === undefined && badValue === undefined) sorted.push([storedName(name), storedName(value ?? '')])
  }
  if (faults.length > 0) return { sorted: [], faults, series }
  sorted.sort(([a], [b]) => (a < b ? -1 : 1))
  return { sorted, faults, series }
}

/** Fills a batch point by point; points of one series share one entry. */
export class KairosBatch {
  readonly points: PointColumnsBuilder
  readonly #series: SeriesName[] = []
  readonly #seriesOf: number[] = []

  /** @param capacity points to make room for at first */
  constructor(capacity: number) {
    this.points = new PointColumnsBuilder(capacity)
  }

  /**
   * Gives the point that was appended to `points` last its series and its time to live.
   * @param expiry seconds since 1970 at which its time comes; 0: never
   */
  place({ stored }: KairosMetric, tags: KairosTags, expiry: number): void {
    let index = tags.series.get(stored)
    if (index === undefined) {
      index = this.#series.length
      this.#series.push({ metric: stored, tags: tags.sorted })
      tags.series.set(stored, index)
    }
    this.#seriesOf.push(index)
    if (expiry > 0) this.points.expire(expiry)
  }

  finish(): PointBatch {
    return { series: this.#series, seriesOf: Uint32Array.from(this.#seriesOf), points: this.points }
  }
}
