import { uidMetaId } from '../meta/uid-meta.ts'
import type { UidKind } from '../model/series.ts'
import type { DocumentStore } from '../store/documents.ts'
import type { UidAdmin } from '../uid/admin.ts'
import { UidError } from '../uid/errors.ts'
import { findTsuids, type LookupBudget, type LookupStore } from './lookup.ts'

/** What deleting names takes. */
export type NameDeletingStore = LookupStore & {
  readonly uidAdmin: Pick<UidAdmin, 'remove'>
  readonly documents: Pick<DocumentStore, 'change'>
}

/**
 * Deletes a name that no series uses, with its document. Its UID is never given again, and still leads to the name: a series
 * that a collector brings at this very moment keeps its names.
 *
 * For a metric one request tells whether it is used; for a tag key or value all metrics are looked at.
 * @returns the UID that the name had
 * @throws UidError where it has none or is used; LookupTooLargeError where there are too many metrics to look at
 */
export async function deleteName(
  store: NameDeletingStore,
  kind: UidKind,
  name: string,
  budget: LookupBudget,
): Promise<number> {
  const tags =
    kind === 'metric' ? [] : [kind === 'tagk' ? { key: name, value: undefined } : { key: undefined, value: name }]
  const known = await store.uids.namesToUids(kind, [name])
  if (!known.has(name)) throw new UidError('uid.unknown', 400, `Name("${name}") does not exist`)
  const metric = kind === 'metric' ? name : undefined
  const [used] = await findTsuids(store, { metric, tags, limit: 1, startIndex: 0 }, budget)
  if (used !== undefined) {
    const tsuid = Buffer.from(used).toString('hex').toUpperCase()
    throw new UidError('uid.used', 400, `Name("${name}") is used by the series ${tsuid}`)
  }
  const uid = await store.uidAdmin.remove(kind, name)
  await store.documents.change('uidmeta', uidMetaId(kind, uid), () => undefined)
  return uid
}
