import { decodeTsuid, tsuidFromHex } from '../codec/tsuid.ts'
import { CorruptDataError } from '../model/errors.ts'
import type { UidWidths } from '../model/series.ts'
import type { SeriesIndex } from '../store/series-index.ts'
import { type BranchView, describeBranch } from './branches.ts'
import { type CompiledTree, placeSeries, type TreeName } from './place.ts'
import { type NamesStore, nameSeries } from './series.ts'

/** What a test shows of a name. */
export interface TestedName {
  readonly type: 'METRIC' | 'TAGK' | 'TAGV'
  readonly name: string
  readonly custom: Readonly<Record<string, string>> | null
}

/** What a tree would do with a series, as OpenTSDB shows it. */
export interface TestedSeries {
  readonly meta: {
    readonly tsuid: string
    readonly metric: TestedName
    /** Key and value of each tag in turn. */
    readonly tags: readonly TestedName[]
  } | null
  /** What each rule did. */
  readonly messages: readonly string[]
  /** The root with the one path that the series would get. */
  readonly branch: BranchView | null
}

const UNKNOWN: TestedSeries = { meta: null, messages: ['Unable to locate TSUID meta data'], branch: null }

/**
 * Tells where a tree would put series, and stores nothing.
 * @param hexes TSUIDs
 * @returns by TSUID as it was given; of one that is not there, a message that says so
 */
export async function testSeries(
  store: NamesStore & { readonly index: Pick<SeriesIndex, 'find'> },
  compiled: CompiledTree,
  hexes: readonly string[],
): Promise<Record<string, TestedSeries>> {
  const tested: [string, TestedSeries][] = []
  for (const hex of hexes) tested.push([hex, await testOne(store, compiled, hex)])
  return Object.fromEntries(tested)
}

async function testOne(
  store: NamesStore & { readonly index: Pick<SeriesIndex, 'find'> },
  compiled: CompiledTree,
  hex: string,
): Promise<TestedSeries> {
  const tsuid = parseTsuid(hex, store.uids.widths)
  if (tsuid === undefined) return UNKNOWN
  const { metric, tags } = decodeTsuid(tsuid, store.uids.widths)
  const constraints = tags.map(([tagk, tagv]) => ({ tagk, tagvs: new Set([tagv]) }))
  const { series: found } = await store.index.find(metric, constraints)
  if (!found.some((one) => Buffer.compare(one.tsuid, tsuid) === 0)) return UNKNOWN
  const [named] = await nameSeries(store, [tsuid], true)
  if (named === undefined) return { ...UNKNOWN, messages: ['TSUID was missing a UID name'] }
  const { series } = named
  const { path, found: names, messages } = placeSeries(compiled, series)
  return {
    meta: {
      tsuid: series.tsuid,
      metric: describeName('METRIC', series.metric),
      tags: series.tags.flatMap(([tagk, tagv]) => [describeName('TAGK', tagk), describeName('TAGV', tagv)]),
    },
    messages: messages.length > 0 ? messages : ['The tree has no rules'],
    branch: branchOf(compiled.tree.treeId, path === undefined ? [] : names, series.tsuid),
  }
}

/** The root, in it the first branch, and so on; in the last one the leaf. */
function branchOf(treeId: number, path: readonly string[], tsuid: string): BranchView {
  const leaf = path.at(-1)
  const leaves = leaf === undefined ? null : [{ metric: '', tags: null, tsuid, displayName: leaf }]
  let branch: BranchView | undefined
  for (let depth = Math.max(0, path.length - 1); depth >= 0; depth--) {
    const hanging: { leaves: BranchView['leaves'] } | { branches: BranchView['branches'] } =
      branch === undefined ? { leaves } : { branches: [branch] }
    branch = describeBranch(treeId, path.slice(0, depth), undefined, hanging)
  }
  return branch ?? describeBranch(treeId, [])
}

function describeName(type: TestedName['type'], { name, custom }: TreeName): TestedName {
  return { type, name, custom: custom ?? null }
}

/** @returns undefined where the text can't be a TSUID of these widths */
function parseTsuid(hex: string, widths: UidWidths): Uint8Array | undefined {
  try {
    const tsuid = tsuidFromHex(hex)
    return decodeTsuid(tsuid, widths).tags.length === 0 ? undefined : tsuid
  } catch (error) {
    if (error instanceof CorruptDataError) return undefined
    throw error
  }
}
