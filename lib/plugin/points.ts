import { pickPoints } from '../model/pick-points.ts'
import { KIND_BIG, KIND_TEXT, type PointBatch } from '../model/points.ts'
import type { OnPluginFailure, PluginPoint, WriteFilter } from './types.ts'

/** The value of a point in columns. */
export function valueAt({ values, kinds, bigs, texts }: PointBatch['points'], index: number): PluginPoint['value'] {
  const kind = kinds[index] ?? 0
  if ((kind & KIND_TEXT) !== 0) return texts?.get(index) ?? ''
  if ((kind & KIND_BIG) !== 0) return bigs.get(index) ?? 0n
  return values[index] ?? 0
}

/** The points of a batch, made as they are asked for. @param isMeant leaves out series by their index */
export function* pointsOf(batch: PointBatch, isMeant: (series: number) => boolean): Generator<PluginPoint> {
  for (let i = 0; i < batch.points.count; i++) {
    const at = batch.seriesOf[i] ?? 0
    const series = batch.series[at]
    if (series === undefined || !isMeant(at)) continue
    yield { ...series, time: batch.points.times[i] ?? 0, value: valueAt(batch.points, i) }
  }
}

/**
 * Asks filters which points of a batch are to be stored. A filter that fails keeps nothing from being stored.
 * @returns positions of those that are, undefined where all are
 */
export function allowedPoints(
  batch: PointBatch,
  filters: readonly WriteFilter[],
  onFailure: OnPluginFailure,
): Uint32Array | undefined {
  const kept = new Uint32Array(batch.points.count)
  let count = 0
  for (let i = 0; i < batch.points.count; i++) {
    const series = batch.series[batch.seriesOf[i] ?? 0]
    const point = series && { ...series, time: batch.points.times[i] ?? 0, value: valueAt(batch.points, i) }
    // what has no series was found faulty, and is not the filters' to judge
    if (point === undefined || filters.every((filter) => isAllowed(filter, point, onFailure))) kept[count++] = i
  }
  return count === batch.points.count ? undefined : kept.subarray(0, count)
}

function isAllowed(filter: WriteFilter, point: PluginPoint, onFailure: OnPluginFailure): boolean {
  try {
    return filter.allows(point)
  } catch (error) {
    onFailure(filter.name, error)
    return true
  }
}

/**
 * A batch of some of the points of another, with the series that these have: the names of others are not to be given UIDs.
 * @param positions ascending
 */
export function pickBatch(batch: PointBatch, positions: Uint32Array): PointBatch {
  const used = [...new Set(positions.map((position) => batch.seriesOf[position]!))].sort((a, b) => a - b)
  const series = used.flatMap((index) => batch.series[index] ?? [])
  // Points that can't be stored have the index behind the last series: so they have it here.
  const indexes = new Map(used.map((index, i) => [index, i]))
  return {
    series,
    seriesOf: positions.map((position) => indexes.get(batch.seriesOf[position]!)!),
    points: pickPoints(batch.points, positions),
  }
}
