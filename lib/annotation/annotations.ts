import { readUid, tsuidFromHex } from '../codec/tsuid.ts'
import { type Annotation, byStart, toMs } from '../model/annotation.ts'
import type { UidWidths } from '../model/series.ts'
import { type AnnotationStore, GLOBAL_METRIC } from '../store/annotations.ts'
import { mapParallel } from '../store/parallel.ts'
import { AnnotationContendedError, AnnotationNotFoundError } from './errors.ts'
import type { AnnotationPatch, AnnotationRange } from './request.ts'

/** What is needed of the store. */
export type Annotations = Pick<AnnotationStore, 'get' | 'put' | 'delete' | 'deleteAll' | 'range'>

/** Times that a save is tried where others change the same annotation at once. */
const TRIES = 8
const PARALLEL_SAVES = 16
const PARALLEL_RANGES = 8

/**
 * Reads one annotation.
 * @throws AnnotationNotFoundError where there is none
 */
export async function readAnnotation(
  store: Pick<AnnotationStore, 'get'>,
  of: Pick<Annotation, 'tsuid' | 'startTime'>,
): Promise<Annotation> {
  const stored = await store.get(of)
  if (stored === undefined) throw new AnnotationNotFoundError()
  return stored.annotation
}

/**
 * Stores an annotation.
 * @param replace what the patch does not say becomes empty, as PUT does; else it stays what it was
 * @returns what is stored now; undefined where the patch says nothing but whose and when, which changes nothing
 * @throws AnnotationContendedError where others keep changing it
 */
export async function saveAnnotation(
  store: Pick<AnnotationStore, 'get' | 'put'>,
  patch: AnnotationPatch,
  replace: boolean,
): Promise<Annotation | undefined> {
  if (saysNothing(patch)) return undefined
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const before = await store.get(patch)
    const annotation = merged(patch, replace ? undefined : before?.annotation)
    if (await store.put(annotation, before?.text)) return annotation
  }
  throw new AnnotationContendedError(TRIES)
}

/**
 * Stores many, those of the same series and time one after the other.
 * @returns for each patch, in order, what is stored now; where it says nothing, itself
 * @throws AnnotationContendedError; then some may be stored
 */
export async function saveAnnotations(
  store: Pick<AnnotationStore, 'get' | 'put'>,
  patches: readonly AnnotationPatch[],
  replace: boolean,
): Promise<Annotation[]> {
  const saved: Annotation[] = patches.map((patch) => merged(patch, undefined))
  const byKey = new Map<string, number[]>()
  for (const [i, { tsuid, startTime }] of patches.entries()) {
    const key = `${toMs(startTime)} ${tsuid}`
    const same = byKey.get(key)
    if (same === undefined) byKey.set(key, [i])
    else same.push(i)
  }
  await mapParallel([...byKey.values()], PARALLEL_SAVES, async (same) => {
    for (const i of same) saved[i] = (await saveAnnotation(store, patches[i]!, replace)) ?? saved[i]!
  })
  return saved
}

/**
 * The annotations of a range, in order of their start.
 * @returns those of all series asked for and the global ones
 */
export async function listAnnotations(
  store: Pick<AnnotationStore, 'range'>,
  range: AnnotationRange,
  widths: UidWidths,
): Promise<Annotation[]> {
  const byMetric = new Map<number, Set<string>>()
  if (range.global) byMetric.set(GLOBAL_METRIC, new Set(['']))
  for (const tsuid of range.tsuids) {
    const metric = readUid(tsuidFromHex(tsuid), 0, widths.metric)
    byMetric.set(metric, (byMetric.get(metric) ?? new Set()).add(tsuid))
  }
  const found = await mapParallel([...byMetric], PARALLEL_RANGES, async ([metric, tsuids]) => {
    const own: Annotation[] = []
    for await (const page of store.range(metric, range.from, range.to)) {
      own.push(...page.filter(({ tsuid }) => tsuids.has(tsuid)))
    }
    return own
  })
  return found.flat().sort(byStart)
}

/**
 * Deletes the annotations of a range.
 * @returns how many
 */
export async function deleteAnnotations(
  store: Pick<AnnotationStore, 'range' | 'deleteAll'>,
  range: AnnotationRange,
  widths: UidWidths,
): Promise<number> {
  const found = await listAnnotations(store, range, widths)
  await store.deleteAll(found)
  return found.length
}

function saysNothing({ endTime, description, notes, custom }: AnnotationPatch): boolean {
  return [endTime, description, notes, custom].every((said) => said === undefined)
}

function merged(patch: AnnotationPatch, before: Annotation | undefined): Annotation {
  const custom = patch.custom ?? before?.custom
  return {
    tsuid: patch.tsuid,
    startTime: patch.startTime,
    endTime: patch.endTime ?? before?.endTime ?? 0,
    description: patch.description ?? before?.description ?? '',
    notes: patch.notes ?? before?.notes ?? '',
    ...(custom !== undefined && { custom }),
  }
}
