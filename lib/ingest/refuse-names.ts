import { type SeriesName, UID_KINDS, type UidKind } from '../model/series.ts'
import { contained } from '../plugin/contained.ts'
import type { OnPluginFailure, UidFilter } from '../plugin/types.ts'
import type { UidResolver } from '../uid/resolver.ts'
import type { RefuseSeries } from './series-resolver.ts'

/** Asks filters of every name that has no UID yet. A filter that fails refuses none. */
export function refuseNames(
  filters: readonly UidFilter[],
  uids: Pick<UidResolver, 'namesToUids'>,
  onFailure: OnPluginFailure,
): RefuseSeries {
  const isAllowed = async (kind: UidKind, name: string, series: SeriesName): Promise<boolean> => {
    for (const filter of filters) {
      const allowed = await contained(filter.name, () => filter.allows(kind, name, series), onFailure)
      if (allowed === false) return false
    }
    return true
  }
  return async (list) => {
    const all = list.flatMap(namesOf)
    const namesOfKind = (kind: UidKind) => new Set(all.flatMap(([each, name]) => (each === kind ? [name] : [])))
    const known = new Map(
      await Promise.all(
        UID_KINDS.map(async (kind) => [kind, await uids.namesToUids(kind, namesOfKind(kind))] as const),
      ),
    )
    const refused = new Map<SeriesName, string>()
    for (const series of list) {
      for (const [kind, name] of namesOf(series)) {
        if (known.get(kind)?.has(name) || (await isAllowed(kind, name, series))) continue
        refused.set(series, `The new name ${name} (${kind}) was refused by a UID filter`)
        break
      }
    }
    return refused
  }
}

function namesOf({ metric, tags }: SeriesName): [kind: UidKind, name: string][] {
  const pairs = tags.flatMap(([tagk, tagv]): [UidKind, string][] => [
    ['tagk', tagk],
    ['tagv', tagv],
  ])
  return [['metric', metric], ...pairs]
}
