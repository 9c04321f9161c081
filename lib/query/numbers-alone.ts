import { pickPoints } from '../model/pick-points.ts'
import { KIND_FLOAT, type PointColumns } from '../model/points.ts'
import type { QueryAnswer } from './run.ts'

/** An answer without the points that have no number, NaN and infinities, for readers that fail at what JSON has no number for. */
export function withoutNaN(answer: QueryAnswer): QueryAnswer {
  return { ...answer, results: answer.results.map((result) => ({ ...result, points: numbersOf(result.points) })) }
}

function numbersOf(points: PointColumns): PointColumns {
  const { count, values, kinds } = points
  const indexes = new Uint32Array(count)
  let kept = 0
  for (let i = 0; i < count; i++) {
    if ((kinds[i]! & KIND_FLOAT) === 0 || Number.isFinite(values[i]!)) indexes[kept++] = i
  }
  return kept === count ? points : pickPoints(points, indexes.subarray(0, kept))
}
