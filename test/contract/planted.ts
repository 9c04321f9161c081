import { decodeTsuid, encodeTsuid } from '../../lib/codec/tsuid.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import type { Store } from '../../lib/store/index.ts'
import type { TreeStore } from '../../lib/store/trees.ts'
import { type BranchView, readBranch, readFailures } from '../../lib/tree/branches.ts'
import type { LiveStore } from '../../lib/tree/live.ts'
import type { Tree } from '../../lib/tree/model.ts'

// Series to be planted, and what trees hold of them.

/** A store that has a table for trees. */
export type TreeReady = Store & { readonly trees: TreeStore }

/** @throws where it has none */
export function ready(store: Store): TreeReady {
  const { trees } = store
  if (trees === undefined) throw new Error('The store has no trees')
  return { ...store, trees }
}

/** What planting series live needs of a store. */
export const liveOf = ({ uids, documents, trees }: TreeReady): LiveStore => ({ uids, documents, trees })

/** Gives names UIDs. @returns the TSUID of `metric` with the tags dc and host */
export async function seriesOf(store: Store, names: readonly (readonly [metric: string, dc: string, host: string])[]) {
  const metrics = await store.uids.assign(
    'metric',
    names.map(([metric]) => metric),
  )
  const keys = await store.uids.assign('tagk', ['dc', 'host'])
  const values = await store.uids.assign(
    'tagv',
    names.flatMap(([, dc, host]) => [dc, host]),
  )
  return names.map(([metric, dc, host]) =>
    encodeTsuid(
      Number(metrics.get(metric)),
      [
        [Number(keys.get('dc')), Number(values.get(dc))],
        [Number(keys.get('host')), Number(values.get(host))],
      ],
      DEFAULT_UID_WIDTHS,
    ),
  )
}

/** Notes series as consume does. */
export async function note(store: Store, tsuids: readonly Uint8Array[]): Promise<void> {
  for (const tsuid of tsuids) await store.seriesLog.append(decodeTsuid(tsuid, DEFAULT_UID_WIDTHS).metric, [tsuid])
}

/** All that a tree holds: paths with the TSUID of each leaf, and what did not fit. */
export async function contentOf(store: TreeReady, tree: Tree): Promise<unknown> {
  const walk = async (branch: BranchView): Promise<string[]> => {
    const id = branch.branchId.slice(4).match(/.{8}/g) ?? []
    const full = await readBranch(
      store,
      tree,
      id.map((hash) => Number.parseInt(hash, 16)),
    )
    const path = Object.values(full.path).join('/')
    const below = await Promise.all((full.branches ?? []).map(walk))
    return [path, ...(full.leaves ?? []).map((leaf) => `${path}/${leaf.displayName}=${leaf.tsuid}`), ...below.flat()]
  }
  const root = await readBranch(store, tree, []).catch(() => undefined)
  const paths = root === undefined ? [] : await walk(root)
  const collisions = await readFailures(store.trees, 'collision', tree)
  const notMatched = await readFailures(store.trees, 'notMatched', tree)
  return { paths: paths.sort(), collisions, notMatched }
}
