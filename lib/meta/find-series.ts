import { type Posting, tagvAt } from '../codec/postings.ts'
import { decodeTsuid, readUid } from '../codec/tsuid.ts'
import { TsdbError } from '../model/errors.ts'
import type { UidKind, UidWidths } from '../model/series.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import type { UidResolver } from '../uid/resolver.ts'
import type { SeriesExpression } from './series-expression.ts'

const KIND_WORD: Readonly<Record<UidKind, string>> = { metric: 'metrics', tagk: 'tagk', tagv: 'tagv' }

/** When a lookup names a metric, tag key or tag value that nothing has. */
export class UnknownNameError extends TsdbError {
  constructor(kind: UidKind, name: string, status: 400 | 404) {
    super('series.unknownName', status, 'Unable to resolve one or more UIDs', {
      details: `No such name for '${KIND_WORD[kind]}': '${name}'`,
    })
  }
}

/** What a lookup asks of series, with UIDs. */
export interface SeriesSelection {
  readonly metric: number | undefined
  /** One for each tag key named: several values of one key are alternatives. */
  readonly constraints: readonly TagConstraint[]
  /** Values of which any tag, whatever its key, has one; undefined where it does not matter. */
  readonly anyTagv: ReadonlySet<number> | undefined
}

/** What resolving names takes. */
export type NameSource = Pick<UidResolver, 'namesToUids' | 'uidsToNames' | 'widths'>

/**
 * Looks up the names of a lookup.
 * @param unknown the status that an unknown name is answered with
 * @throws UnknownNameError for the first that has no UID: the metric, then tag by tag
 */
export async function resolveExpression(
  names: NameSource,
  { metric, tags }: SeriesExpression,
  unknown: 400 | 404 = 404,
): Promise<SeriesSelection> {
  const named = (list: readonly (string | undefined)[]) => new Set(list.filter((name) => name !== undefined))
  const [metrics, tagks, tagvs] = await Promise.all([
    names.namesToUids('metric', named([metric])),
    names.namesToUids('tagk', named(tags.map(({ key }) => key))),
    names.namesToUids('tagv', named(tags.map(({ value }) => value))),
  ])
  const uidOf = (kind: UidKind, uids: ReadonlyMap<string, number>, name: string) => {
    const uid = uids.get(name)
    if (uid === undefined) throw new UnknownNameError(kind, name, unknown)
    return uid
  }
  const metricUid = metric === undefined ? undefined : uidOf('metric', metrics, metric)
  const byKey = new Map<number, Set<number> | undefined>()
  let anyTagv: Set<number> | undefined
  for (const { key, value } of tags) {
    const tagk = key === undefined ? undefined : uidOf('tagk', tagks, key)
    const tagv = value === undefined ? undefined : uidOf('tagv', tagvs, value)
    if (tagk === undefined) {
      if (tagv !== undefined) anyTagv = (anyTagv ?? new Set()).add(tagv)
    } else if (tagv === undefined || (byKey.has(tagk) && byKey.get(tagk) === undefined)) {
      byKey.set(tagk, undefined)
    } else {
      byKey.set(tagk, (byKey.get(tagk) ?? new Set()).add(tagv))
    }
  }
  const constraints = [...byKey].map(([tagk, uids]) => (uids === undefined ? { tagk } : { tagk, tagvs: uids }))
  return { metric: metricUid, constraints, anyTagv }
}

/** Whether some tag of a series has one of the values. */
export function hasTagv({ tsuid }: Posting, values: ReadonlySet<number>, widths: UidWidths): boolean {
  for (let at = widths.metric + widths.tagk; at < tsuid.length; at += widths.tagk + widths.tagv) {
    if (values.has(readUid(tsuid, at, widths.tagv))) return true
  }
  return false
}

/** A constraint that only one series of its metric meets, if tags are all that it has. */
export function constraintsOf(tsuid: Uint8Array, widths: UidWidths): TagConstraint[] {
  return decodeTsuid(tsuid, widths).tags.map(([tagk]) => ({
    tagk,
    tagvs: new Set([readUid(tsuid, tagvAt(tsuid, tagk, widths), widths.tagv)]),
  }))
}

/** A series by its names. */
export interface NamedSeries {
  /** Upper-case hex. */
  readonly tsuid: string
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
}

/** Names of series, in few requests; series of which a name is gone are left out. */
export async function nameSeries(names: NameSource, tsuids: readonly Uint8Array[]): Promise<NamedSeries[]> {
  const decoded = tsuids.map((tsuid) => ({ tsuid, ...decodeTsuid(tsuid, names.widths) }))
  const [metrics, tagks, tagvs] = await Promise.all([
    names.uidsToNames('metric', new Set(decoded.map(({ metric }) => metric))),
    names.uidsToNames('tagk', new Set(decoded.flatMap(({ tags }) => tags.map(([tagk]) => tagk)))),
    names.uidsToNames('tagv', new Set(decoded.flatMap(({ tags }) => tags.map(([, tagv]) => tagv)))),
  ])
  return decoded.flatMap(({ tsuid, metric, tags }) => {
    const metricName = metrics.get(metric)
    const pairs = tags.map(([tagk, tagv]) => [tagks.get(tagk), tagvs.get(tagv)] as const)
    if (metricName === undefined || pairs.some((pair) => pair.includes(undefined))) return []
    return [
      {
        tsuid: Buffer.from(tsuid).toString('hex').toUpperCase(),
        metric: metricName,
        tags: Object.fromEntries(pairs) as Record<string, string>,
      },
    ]
  })
}
