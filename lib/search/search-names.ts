import { parseUidMetaId, readUidMetas, type UidMeta, type UidMetaStore } from '../meta/uid-meta.ts'
import { UID_KINDS, type UidKind } from '../model/series.ts'
import type { DocumentStore } from '../store/documents.ts'
import type { UidTable } from '../uid/table.ts'
import { Page, type SearchRange } from './page.ts'
import { matches, type SearchTerm, textAt } from './terms.ts'

/** What searching names takes. */
export type NameSearchStore = UidMetaStore & {
  readonly uidTable: Pick<UidTable, 'forwards' | 'readUids' | 'uidsOf'>
  readonly documents: Pick<DocumentStore, 'read' | 'change' | 'search'>
}

/**
 * Finds names by themselves or by what is written about them. `name` is a name, in its own case, and `type` its kind; other
 * fields are those of its document. Where there is a term for a document its index is read, else that of names.
 */
export async function searchNames(
  store: NameSearchStore,
  terms: readonly SearchTerm[],
  range: SearchRange,
): Promise<UidMeta[]> {
  const page = new Page<UidMeta>(range)
  const kinds = UID_KINDS.filter((kind) => terms.every((term) => term.field !== 'type' || matches(term, kind)))
  for await (const found of candidates(store, terms, kinds)) {
    for (const [kind, uids] of found) {
      for (const meta of (await readUidMetas(store, kind, uids)).values()) {
        if (terms.every((term) => holds(term, meta))) page.add(meta)
      }
    }
    if (page.full) break
  }
  return page.items
}

function holds(term: SearchTerm, meta: UidMeta): boolean {
  if (term.field !== 'name') return matches(term, textAt(meta, term.field))
  return term.whole ? meta.name === term.text : meta.name.startsWith(term.text)
}

type Candidates = readonly (readonly [UidKind, readonly number[]])[]

async function* candidates(
  { documents, uidTable }: NameSearchStore,
  terms: readonly SearchTerm[],
  kinds: readonly UidKind[],
): AsyncGenerator<Candidates> {
  const written = terms.find(({ field }) => field !== 'name' && field !== 'type')
  if (written !== undefined) {
    for await (const ids of documents.search('uidmeta', written.field, written.text, written.whole)) {
      const parsed = ids.map(parseUidMetaId).filter((one) => one !== undefined)
      yield kinds.map((kind) => [kind, parsed.filter((one) => one.kind === kind).map(({ uid }) => uid)] as const)
    }
    return
  }
  const name = terms.find(({ field }) => field === 'name')
  for (const kind of kinds) {
    if (name?.whole) {
      yield [[kind, [...(await uidTable.uidsOf(kind, [name.text])).values()]]]
      continue
    }
    for await (const page of uidTable.forwards(kind, name?.text)) yield [[kind, page.map(({ uid }) => uid)]]
  }
}
