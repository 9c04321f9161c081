import { type Annotation, byStart, toMs } from '../model/annotation.ts'
import type { Query } from './model.ts'
import { HOUR_S, hourOf, type ScanRange } from './range.ts'
import type { ReadBudget } from './series.ts'

/** Where annotations are read from. */
export interface AnnotationSource {
  /**
   * Those of a metric's series that begin within a range.
   * @param metric the metric's UID; 0: those that belong to no series
   * @param fromMs milliseconds since 1970, inclusive
   * @param toMs milliseconds since 1970, inclusive
   */
  range(metric: number, fromMs: number, toMs: number): AsyncIterable<readonly Annotation[]>
}

/** The UID that stands for no metric. */
const GLOBAL = 0

/**
 * The annotations that belong to the series of a metric. As in OpenTSDB all that begin in the hours which the query reads, also
 * before its start and after its end.
 * @returns them by the hex of their series, each list by start
 */
export async function annotationsOfSeries(
  source: AnnotationSource,
  metric: number,
  scan: ScanRange,
  budget: ReadBudget,
): Promise<ReadonlyMap<string, readonly Annotation[]>> {
  const bySeries = new Map<string, Annotation[]>()
  for await (const page of source.range(metric, scan.from * 1000, scan.to * 1000 - 1)) {
    for (const annotation of page) {
      budget.bytes(sizeOf(annotation))
      const own = bySeries.get(annotation.tsuid)
      if (own === undefined) bySeries.set(annotation.tsuid, [annotation])
      else own.push(annotation)
    }
  }
  return bySeries
}

/**
 * The annotations of no series that a query shows. As in OpenTSDB those that do not begin before it nor end after it; one that begins
 * in the last hour counts, also after the end.
 */
export async function globalAnnotations(
  source: AnnotationSource,
  { start, end }: Pick<Query, 'start' | 'end'>,
  budget: ReadBudget,
): Promise<readonly Annotation[]> {
  const [startS, endS] = [Math.floor(start / 1000), Math.floor(end / 1000)]
  const shown: Annotation[] = []
  for await (const page of source.range(GLOBAL, startS * 1000, (hourOf(endS) + HOUR_S) * 1000 - 1)) {
    for (const annotation of page) {
      budget.bytes(sizeOf(annotation))
      if (toMs(annotation.endTime) <= end) shown.push(annotation)
    }
  }
  return shown.sort(byStart)
}

/** About the bytes that an annotation takes. */
function sizeOf({ description, notes, custom }: Annotation): number {
  const customSize = Object.entries(custom ?? {}).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  return 100 + description.length + notes.length + customSize
}
