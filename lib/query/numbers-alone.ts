import { pickPoints } from '../model/pick-points.ts'
import { KIND_FLOAT, type PointColumns } from '../model/points.ts'
import type { QueryAnswer } from './run.ts'

/**
 * An answer without the points whose values would be written as texts, NaN and infinities, for readers that fail at these. NaN that
 * is written as null, as the fill policy says, stays.
 */
export function withoutNaN(answer: QueryAnswer): QueryAnswer {
  const results = answer.results.map((result) => {
    const keepsNaN = result.query.downsample?.fill === 'null'
    return { ...result, points: numbersOf(result.points, keepsNaN) }
  })
  return { ...answer, results }
}

function numbersOf(points: PointColumns, keepsNaN: boolean): PointColumns {
  const { count, values, kinds } = points
  const indexes = new Uint32Array(count)
  let kept = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    const isNumber = (kinds[i]! & KIND_FLOAT) === 0 || Number.isFinite(value)
    if (isNumber || (keepsNaN && Number.isNaN(value))) indexes[kept++] = i
  }
  return kept === count ? points : pickPoints(points, indexes.subarray(0, kept))
}
