import { decodeTsuid, tsuidToHex } from '../codec/tsuid.ts'
import { uidMetaId } from '../meta/uid-meta.ts'
import type { UidKind } from '../model/series.ts'
import type { Document, DocumentStore } from '../store/documents.ts'
import type { UidResolver } from '../uid/resolver.ts'
import type { TreeName, TreeSeries } from './place.ts'

/** Where names and what people wrote about them are read. */
export interface NamesStore {
  readonly uids: Pick<UidResolver, 'widths' | 'uidsToNames'>
  readonly documents: Pick<DocumentStore, 'read'>
}

/** A series with its names. */
export interface NamedSeries {
  readonly tsuid: Uint8Array
  readonly series: TreeSeries
}

/**
 * Looks up the names of series.
 * @param custom whether custom fields are wanted too: a key of each name then
 * @returns those of which every name is there, in order
 */
export async function nameSeries(
  { uids, documents }: NamesStore,
  tsuids: readonly Uint8Array[],
  custom: boolean,
): Promise<NamedSeries[]> {
  const decoded = tsuids.map((tsuid) => ({ tsuid, ...decodeTsuid(tsuid, uids.widths) }))
  const nameKind = async (kind: UidKind, wanted: ReadonlySet<number>) => {
    const names = await uids.uidsToNames(kind, wanted)
    const ids = custom ? [...names.keys()].map((uid) => uidMetaId(kind, uid)) : []
    const written = ids.length === 0 ? new Map<string, Document>() : await documents.read('uidmeta', ids)
    return new Map<number, TreeName>(
      [...names].map(([uid, name]) => [uid, { name, custom: customOf(written.get(hexOf(uidMetaId(kind, uid)))) }]),
    )
  }
  const [metrics, tagks, tagvs] = await Promise.all([
    nameKind('metric', new Set(decoded.map(({ metric }) => metric))),
    nameKind('tagk', new Set(decoded.flatMap(({ tags }) => tags.map(([tagk]) => tagk)))),
    nameKind('tagv', new Set(decoded.flatMap(({ tags }) => tags.map(([, tagv]) => tagv)))),
  ])
  return decoded.flatMap(({ tsuid, metric: metricUid, tags: tagUids }) => {
    const metric = metrics.get(metricUid)
    const tags = tagUids.flatMap(([tagk, tagv]): [TreeName, TreeName][] => {
      const [key, value] = [tagks.get(tagk), tagvs.get(tagv)]
      return key === undefined || value === undefined ? [] : [[key, value]]
    })
    if (metric === undefined || tags.length < tagUids.length) return []
    return [{ tsuid, series: { tsuid: tsuidToHex(tsuid), metric, tags } }]
  })
}

function customOf(document: Document | undefined): Record<string, string> | undefined {
  const custom = document?.custom
  if (typeof custom !== 'object' || custom === null) return undefined
  const texts = Object.entries(custom).filter((field): field is [string, string] => typeof field[1] === 'string')
  return Object.fromEntries(texts)
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
