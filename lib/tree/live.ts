import type { TreeStore } from '../store/trees.ts'
import { parseStored } from './definitions.ts'
import { type CompiledTree, compileTree } from './place.ts'
import { type PlantableStore, type Planted, Planter } from './plant.ts'
import { type NamesStore, nameSeries } from './series.ts'

/**
 * Leaves that are planted while points wait to be stored: a second's work, for each is a conditional write of its own. What is
 * more waits in tsdb-tree, and is planted by a function of its own, within minutes.
 */
export const MAX_LIVE_LEAVES = 500

/** Series of which names and places are held at a time. */
const SERIES_PER_STEP = 500

/** What planting by itself works with. */
export interface LiveStore extends NamesStore {
  readonly trees: PlantableStore & Pick<TreeStore, 'readDefinitions' | 'putWaiting' | 'waiting' | 'deleteWaiting'>
}

/** Puts new series into the trees that are enabled. One lives as long as its function's instance and remembers branches. */
export class Gardener {
  readonly #store: LiveStore
  readonly #planter: Planter
  readonly #maxLiveLeaves: number

  constructor(store: LiveStore, maxLiveLeaves: number = MAX_LIVE_LEAVES) {
    this.#store = store
    this.#planter = new Planter(store.trees)
    this.#maxLiveLeaves = maxLiveLeaves
  }

  /**
   * Sees to it that series get into the trees. To be called before they are noted as known: whoever dies in between finds
   * them new again, and does it once more.
   *
   * Where no tree is enabled it costs a request and a read unit for a batch that brings new series, and nothing for others.
   * @throws StoreUnavailableError
   */
  async plantNew(tsuids: readonly Uint8Array[]): Promise<void> {
    if (tsuids.length === 0) return
    const trees = await enabledTrees(this.#store.trees)
    if (trees.length === 0) return
    if (tsuids.length * trees.length > this.#maxLiveLeaves) await this.#store.trees.putWaiting(tsuids)
    else await this.#plant(trees, tsuids)
  }

  /**
   * Plants the series that wait.
   * @param outOfTime asked before each step; what is left waits on
   * @returns series planted
   * @throws StoreUnavailableError
   */
  async plantWaiting(outOfTime: () => boolean): Promise<number> {
    let planted = 0
    let trees: readonly CompiledTree[] | undefined
    for await (const { key, tsuids } of this.#store.trees.waiting()) {
      trees ??= await enabledTrees(this.#store.trees)
      for (let from = 0; from < tsuids.length; from += SERIES_PER_STEP) {
        if (outOfTime()) return planted
        const step = tsuids.slice(from, from + SERIES_PER_STEP)
        await this.#plant(trees, step)
        planted += step.length
      }
      await this.#store.trees.deleteWaiting(key)
    }
    return planted
  }

  async #plant(trees: readonly CompiledTree[], tsuids: readonly Uint8Array[]): Promise<void> {
    await plantAll(this.#store, this.#planter, trees, tsuids)
  }
}

/**
 * Plants series into several trees.
 * @returns what became of them in each tree, in order
 * @throws StoreUnavailableError
 */
export async function plantAll(
  store: NamesStore,
  planter: Planter,
  trees: readonly CompiledTree[],
  tsuids: readonly Uint8Array[],
): Promise<Planted[]> {
  const named = await nameSeries(
    store,
    tsuids,
    trees.some(({ custom }) => custom),
  )
  const planted: Planted[] = []
  for (const tree of trees) planted.push(await planter.plant(tree, named))
  return planted
}

/** The trees that series go into by themselves: those that are enabled and have rules. */
export async function enabledTrees(store: Pick<TreeStore, 'readDefinitions'>): Promise<CompiledTree[]> {
  const trees = (await store.readDefinitions()).map(parseStored)
  return trees.filter(({ enabled, rules }) => enabled && rules.length > 0).map(compileTree)
}

/** Milliseconds after which what a tree held before it was emptied may be deleted: nobody is at it any more. */
const TRASH_RESTS_MS = 20 * 60_000

/**
 * Deletes what trees held that were emptied or deleted.
 * @param now milliseconds since 1970
 * @param outOfTime asked in between; what is left is deleted the next time
 * @returns former contents deleted
 * @throws StoreUnavailableError
 */
export async function clearTrash(
  store: Pick<TreeStore, 'readTrash' | 'deleteTrash' | 'deleteContent' | 'readDefinition'>,
  now: number,
  outOfTime: () => boolean,
): Promise<number> {
  let cleared = 0
  for (const trash of await store.readTrash()) {
    if (now - trash.at < TRASH_RESTS_MS) continue
    const stored = await store.readDefinition(trash.treeId)
    // Who noted it died, or gave up, before the tree was emptied: it is in use.
    const inUse = stored !== undefined && parseStored(stored).generation === trash.generation
    if (!inUse && !(await store.deleteContent(trash, outOfTime))) return cleared
    await store.deleteTrash(trash)
    if (!inUse) cleared++
  }
  return cleared
}
