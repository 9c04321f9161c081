import { javaHash } from '../codec/branch-id.ts'
import { compareTsuids } from '../codec/tsuid.ts'
import { mapParallel } from '../store/parallel.ts'
import type { BranchRef, ChildRef, Failure, StoredLeaf, TreeRef, TreeStore } from '../store/trees.ts'
import { type CompiledTree, placeSeries } from './place.ts'
import type { NamedSeries } from './series.ts'

/** What planting needs of the store. */
export type PlantableStore = Pick<
  TreeStore,
  'putRoot' | 'readChildren' | 'claimChild' | 'readLeaves' | 'claimLeaf' | 'putFailures'
>

/** What became of series. */
export interface Planted {
  readonly matched: number
  readonly notMatched: number
}

const PARALLEL_WRITES = 32

/** Branches that a planter remembers to be there. */
const KEPT_BRANCHES = 100_000

/** A place of a leaf and the series that belong there: the least is the leaf, the others collide. */
interface LeafPlace {
  readonly ref: ChildRef
  readonly path: readonly number[]
  least: StoredLeaf
  readonly others: Uint8Array[]
}

/**
 * Puts series into trees. What a tree then holds hangs on its rules and on which series were planted, not on their order, on how
 * often, or on who else did so at the same time: of series that belong in one place the one with the least TSUID is the leaf, and of
 * names with one hash the least is shown.
 *
 * It costs a read unit for each leaf and each branch not yet known, and a write unit for each that is new.
 */
export class Planter {
  readonly #store: PlantableStore
  readonly #known = new Set<string>()

  constructor(store: PlantableStore) {
    this.#store = store
  }

  /**
   * Puts series into a tree: branches first, so that every leaf can be reached; what a leaf displaces is noted before.
   * Interrupted, it may be done again.
   * @throws StoreUnavailableError
   */
  async plant(compiled: CompiledTree, series: readonly NamedSeries[]): Promise<Planted> {
    const { tree } = compiled
    const places = new Map<string, LeafPlace>()
    const branches = new Map<string, { ref: ChildRef; name: string }>()
    const failures: Failure[] = []
    let matched = 0
    for (const one of series) {
      const { path, why } = placeSeries(compiled, one.series)
      if (path === undefined) failures.push({ kind: 'notMatched', tsuid: one.tsuid, why })
      else {
        matched++
        addPath(tree, path, one.tsuid, places, branches)
      }
    }
    await this.#putBranches(tree, matched > 0, [...branches.values()])
    const collisions = await this.#putLeaves([...places.values()], async (lost) => {
      if (tree.storeFailures) await this.#store.putFailures(tree, lost)
    })
    if (tree.storeFailures) await this.#store.putFailures(tree, [...failures, ...collisions])
    return { matched, notMatched: failures.length }
  }

  async #putBranches(tree: TreeRef, any: boolean, branches: readonly { ref: ChildRef; name: string }[]): Promise<void> {
    const unknown = branches.filter(({ ref, name }) => !this.#known.has(nameOf(ref, name)))
    const there = await this.#store.readChildren(unknown.map(({ ref }) => ref))
    const absent = unknown.filter((_, i) => isGreater(there[i], unknown[i]?.name ?? ''))
    await mapParallel(absent, PARALLEL_WRITES, ({ ref, name }) => this.#store.claimChild(ref, name))
    const root = `${tree.treeId} ${tree.generation}`
    if (any && !this.#known.has(root)) await this.#store.putRoot(tree)
    if (this.#known.size > KEPT_BRANCHES) this.#known.clear()
    if (any) this.#known.add(root)
    for (const { ref, name } of unknown) this.#known.add(nameOf(ref, name))
  }

  /** @returns the series that collided */
  async #putLeaves(
    places: readonly LeafPlace[],
    note: (lost: readonly Failure[]) => Promise<void>,
  ): Promise<Failure[]> {
    const there = await this.#store.readLeaves(places.map(({ ref }) => ref))
    // Who is displaced is noted before: afterwards nobody would know.
    const displaced = places.flatMap(({ path, least }, i) => {
      const leaf = there[i]
      return leaf !== undefined && compareTsuids(leaf.tsuid, least.tsuid) > 0 ? [collision(leaf.tsuid, path)] : []
    })
    await note(displaced)
    const lost = await mapParallel(places, PARALLEL_WRITES, async ({ ref, path, least, others }, i) => {
      const stayed = await this.#claim(ref, least, there[i], (tsuid) => note([collision(tsuid, path)]))
      return [...others, ...(stayed ? [] : [least.tsuid])].map((tsuid) => collision(tsuid, path))
    })
    return lost.flat()
  }

  /**
   * Makes a series the leaf unless a lesser one is.
   * @param seen the leaf as it was read
   * @param displace called before another series than the one seen loses its place
   * @returns whether it is the leaf now
   */
  async #claim(
    ref: ChildRef,
    leaf: StoredLeaf,
    seen: StoredLeaf | undefined,
    displace: (tsuid: Uint8Array) => Promise<void>,
  ): Promise<boolean> {
    let there = seen
    for (;;) {
      const order = there === undefined ? 1 : compareTsuids(there.tsuid, leaf.tsuid)
      if (order <= 0) return order === 0
      if (await this.#store.claimLeaf(ref, leaf, there?.tsuid))
        return true
        // Each round somebody else's leaf got in between, which is less each time: this ends.
      ;[there] = await this.#store.readLeaves([ref])
      if (there !== undefined && compareTsuids(there.tsuid, leaf.tsuid) > 0) await displace(there.tsuid)
    }
  }
}

function addPath(
  { treeId, generation }: TreeRef,
  names: readonly string[],
  tsuid: Uint8Array,
  places: Map<string, LeafPlace>,
  branches: Map<string, { ref: ChildRef; name: string }>,
): void {
  const path = names.map(javaHash)
  for (let depth = 0; depth < names.length - 1; depth++) {
    const ref = { parent: { treeId, generation, hashes: path.slice(0, depth) }, hash: path[depth] ?? 0 }
    const [key, name] = [path.slice(0, depth + 1).join(), names[depth] ?? '']
    const known = branches.get(key)
    if (known === undefined || isGreater(known.name, name)) branches.set(key, { ref, name })
  }
  const key = path.join()
  const leaf = { name: names.at(-1) ?? '', tsuid }
  const place = places.get(key)
  if (place === undefined) {
    const parent: BranchRef = { treeId, generation, hashes: path.slice(0, -1) }
    places.set(key, { ref: { parent, hash: path.at(-1) ?? 0 }, path, least: leaf, others: [] })
    return
  }
  const order = compareTsuids(tsuid, place.least.tsuid)
  if (order < 0) {
    place.others.push(place.least.tsuid)
    place.least = leaf
  } else if (order > 0) place.others.push(tsuid)
}

function collision(tsuid: Uint8Array, hashes: readonly number[]): Failure {
  return { kind: 'collision', tsuid, hashes }
}

/** Whether a name is absent or greater, byte by byte in UTF-8 as DynamoDB compares. */
function isGreater(name: string | undefined, other: string): boolean {
  return name === undefined || Buffer.compare(Buffer.from(name), Buffer.from(other)) > 0
}

function nameOf({ parent, hash }: ChildRef, name: string): string {
  return `${parent.treeId} ${parent.generation} ${parent.hashes.join()} ${hash} ${name}`
}
