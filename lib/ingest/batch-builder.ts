import type { Limits } from '../model/limits.ts'
import { KIND_BIG, KIND_FLOAT, KIND_MS, type PointBatch, PointColumnsBuilder } from '../model/points.ts'
import type { SeriesName } from '../model/series.ts'
import { javaMapOrder, javaMapText, javaValueText } from './java-text.ts'
import type { TagSet } from './tag-set.ts'
import { checkName, LAST_MILLISECOND, LAST_SECOND } from './validate.ts'

/** A metric of a batch: checked once, with the series it has so far. */
export interface Metric {
  readonly name: string
  /** What is wrong with the name, in OpenTSDB's words. */
  readonly fault: string | undefined
  /** Index in the batch's series, by tag set. */
  readonly series: Map<TagSet, number>
}

/**
 * Says what is wrong with a point, in OpenTSDB's words and order of checks.
 * @param tags not empty
 * @param timestamp whole and above 0
 * @param kind KIND_FLOAT, KIND_BIG or 0
 * @param big the exact integer where `kind` is KIND_BIG
 * @param shownTimestamp digits of a timestamp that a double can't hold
 * @returns undefined where it is good
 */
export function pointFault(
  metric: Pick<Metric, 'name' | 'fault'>,
  tags: TagSet,
  timestamp: number,
  value: number,
  kind: number,
  big: bigint | undefined,
  shownTimestamp: string | number = timestamp,
): string | undefined {
  if ((kind & KIND_FLOAT) !== 0 && !Number.isFinite(value)) {
    return `value is NaN or Infinite: ${value} for metric=${metric.name} timestamp=${shownTimestamp}`
  }
  if (timestamp > LAST_MILLISECOND) {
    const shownValue = javaValueText(value, kind, big)
    const shownTags = javaMapText(javaMapOrder(tags.sent))
    const what = `value=${shownValue} to metric=${metric.name}, tags=${shownTags}`
    return `bad timestamp=${shownTimestamp} when trying to add ${what}`
  }
  return tags.tooMany ? tags.fault : (metric.fault ?? tags.fault)
}

/** Fills a batch point by point: checks each name once, and gives points of one series one entry. */
export class BatchBuilder {
  readonly #limits: Limits
  readonly #metrics = new Map<string, Metric>()
  readonly #tagSets = new Map<string, TagSet>()
  readonly #series: SeriesName[] = []
  readonly #points: PointColumnsBuilder
  #seriesOf: Uint32Array

  /** @param capacity points to make room for at first */
  constructor(limits: Limits, capacity: number) {
    this.#limits = limits
    this.#points = new PointColumnsBuilder(capacity)
    this.#seriesOf = new Uint32Array(capacity)
  }

  get count(): number {
    return this.#points.count
  }

  /** The tag set that says the same as `tags` and came first: in another order it is the same series. */
  sameTags(tags: TagSet): TagSet {
    if (tags.fault !== undefined) return tags
    // good names have no control characters
    let key = ''
    for (const [tagk, tagv] of tags.sorted) key += `${tagk}\0${tagv}\0`
    const same = this.#tagSets.get(key)
    if (same !== undefined) return same
    this.#tagSets.set(key, tags)
    return tags
  }

  /** The metric of a name, good or bad. */
  metric(name: string): Metric {
    let metric = this.#metrics.get(name)
    if (metric === undefined) {
      metric = { name, fault: checkName('metric', name, this.#limits), series: new Map() }
      this.#metrics.set(name, metric)
    }
    return metric
  }

  /**
   * Keeps a point that OpenTSDB would keep.
   * @param metric from metric()
   * @param tags not empty, from sameTags
   * @param timestamp whole and above 0: seconds up to LAST_SECOND, milliseconds above
   * @param kind KIND_FLOAT, KIND_BIG or 0
   * @param big the exact integer where `kind` is KIND_BIG
   * @param shownTimestamp digits of a timestamp that a double can't hold
   * @returns what is wrong with it in OpenTSDB's words and order of checks; undefined where it was kept
   */
  add(
    metric: Metric,
    tags: TagSet,
    timestamp: number,
    value: number,
    kind: number,
    big: bigint | undefined,
    shownTimestamp: string | number = timestamp,
  ): string | undefined {
    const fault = pointFault(metric, tags, timestamp, value, kind, big, shownTimestamp)
    if (fault !== undefined) return fault
    const at = this.#points.count
    const inMs = timestamp > LAST_SECOND
    const time = inMs ? timestamp : timestamp * 1000
    const timeKind = inMs ? KIND_MS : 0
    if ((kind & KIND_BIG) !== 0 && big !== undefined) this.#points.pushInteger(time, big, timeKind)
    else this.#points.push(time, value, kind | timeKind)
    if (at >= this.#seriesOf.length) this.#seriesOf = grown(this.#seriesOf)
    this.#seriesOf[at] = this.#seriesIndex(metric, tags)
    return undefined
  }

  /** What was kept. */
  finish(): PointBatch {
    return {
      series: this.#series,
      seriesOf: this.#seriesOf.subarray(0, this.#points.count),
      points: this.#points,
    }
  }

  #seriesIndex(metric: Metric, tags: TagSet): number {
    let index = metric.series.get(tags)
    if (index === undefined) {
      index = this.#series.length
      this.#series.push({ metric: metric.name, tags: tags.sorted })
      metric.series.set(tags, index)
    }
    return index
  }
}

function grown(column: Uint32Array): Uint32Array {
  const bigger = new Uint32Array(Math.max(64, column.length * 2))
  bigger.set(column)
  return bigger
}
