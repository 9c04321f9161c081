import { branchIdFromHex, branchIdToHex, javaHash } from '../codec/branch-id.ts'
import { tsuidToHex } from '../codec/tsuid.ts'
import { LimitExceededError } from '../model/errors.ts'
import type { BranchRef, Failure, FailureKind, StoredLeaf, TreeStore } from '../store/trees.ts'
import { BadTreeError, TreeNotFoundError } from './errors.ts'
import type { Tree } from './model.ts'
import { type NamesStore, nameSeries } from './series.ts'

/** A series at the end of a path, as OpenTSDB shows it. */
export interface LeafView {
  readonly metric: string
  readonly tags: Readonly<Record<string, string>> | null
  /** Upper-case hex. */
  readonly tsuid: string
  readonly displayName: string
}

/** A branch, as OpenTSDB shows it. */
export interface BranchView {
  readonly leaves: readonly LeafView[] | null
  readonly branches: readonly BranchView[] | null
  /** Names by depth, ROOT at 0. */
  readonly path: Readonly<Record<string, string>>
  readonly displayName: string
  readonly treeId: number
  readonly branchId: string
  readonly depth: number
}

export const ROOT_NAME = 'ROOT'

/** Series that a listing of those that did not fit may have. */
const MAX_FAILURES = 50_000

/**
 * Reads a branch's id.
 * @throws BadTreeError
 */
export function parseBranchId(text: string): { tree: number; hashes: readonly number[] } {
  if (text.length < 4) throw new BadTreeError('branch', 'Branch ID was too short')
  const id = branchIdFromHex(text)
  if (id !== undefined) return id
  throw new BadTreeError('branch', `Invalid branch ID: ${text}`, 'It must be hex: 2 bytes of the tree, 4 of each level')
}

/**
 * A branch as it is shown without what hangs on it.
 * @param names from below the root on; none: the root
 */
export function describeBranch(
  treeId: number,
  names: readonly string[],
  hashes: readonly number[] = names.map(javaHash),
  more: Partial<Pick<BranchView, 'leaves' | 'branches'>> = {},
): BranchView {
  const path = [ROOT_NAME, ...names]
  return {
    leaves: more.leaves ?? null,
    branches: more.branches ?? null,
    path: Object.fromEntries(path.map((name, depth) => [String(depth), name])),
    displayName: path.at(-1) ?? ROOT_NAME,
    treeId,
    branchId: branchIdToHex(treeId, hashes),
    depth: names.length,
  }
}

/**
 * A branch with its children and leaves, each sorted by name.
 * @param hashes of the names from below the root on
 * @throws TreeNotFoundError
 */
export async function readBranch(
  store: NamesStore & { readonly trees: Pick<TreeStore, 'readBranch' | 'readChildren'> },
  { treeId, generation }: Pick<Tree, 'treeId' | 'generation'>,
  hashes: readonly number[],
): Promise<BranchView> {
  const ref: BranchRef = { treeId, generation, hashes }
  const steps = hashes.map((hash, i) => ({ parent: { ...ref, hashes: hashes.slice(0, i) }, hash }))
  const [found, branch] = await Promise.all([store.trees.readChildren(steps), store.trees.readBranch(ref)])
  const names = found.filter((name) => name !== undefined)
  if (branch === undefined || names.length < hashes.length) throw branchNotFound(treeId, hashes)
  const leaves = await describeLeaves(store, branch.leaves)
  const branches = branch.children
    .map(({ hash, name }) => describeBranch(treeId, [...names, name], [...hashes, hash]))
    .sort(byName)
  return describeBranch(treeId, names, hashes, {
    leaves: leaves.length === 0 ? null : leaves.sort(byName),
    branches: branches.length === 0 ? null : branches,
  })
}

export function branchNotFound(treeId: number, hashes: readonly number[]): TreeNotFoundError {
  return new TreeNotFoundError(`branch '${branchIdToHex(treeId, hashes)}' for tree '${treeId}'`)
}

async function describeLeaves(store: NamesStore, leaves: readonly StoredLeaf[]): Promise<LeafView[]> {
  const named = await nameSeries(
    store,
    leaves.map(({ tsuid }) => tsuid),
    false,
  )
  const byTsuid = new Map(named.map(({ series }) => [series.tsuid, series]))
  return leaves.map(({ name, tsuid }) => {
    const hex = tsuidToHex(tsuid)
    const series = byTsuid.get(hex)
    const tags = series?.tags
      .map(([tagk, tagv]) => [tagk.name, tagv.name])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    return {
      metric: series?.metric.name ?? '',
      tags: tags === undefined ? null : Object.fromEntries(tags),
      tsuid: hex,
      displayName: name,
    }
  })
}

/**
 * Series that are no leaves of a tree, in order of their TSUIDs.
 * @param of undefined: all
 * @returns by TSUID, in hex: of collisions the TSUID of the leaf, else why it did not match
 * @throws LimitExceededError where they are more than an answer should have
 */
export async function readFailures(
  trees: Pick<TreeStore, 'failures' | 'readLeaves'>,
  kind: FailureKind,
  tree: Pick<Tree, 'treeId' | 'generation'>,
  of?: readonly Uint8Array[],
): Promise<Record<string, string>> {
  const found: [string, string][] = []
  for await (const page of trees.failures(kind, tree, of)) {
    const described = await describeFailures(trees, tree, page)
    found.push(...described)
    if (found.length > MAX_FAILURES) {
      throw new LimitExceededError(
        'failures',
        MAX_FAILURES,
        `more than ${MAX_FAILURES}`,
        'series; ask for some by tsuids',
      )
    }
  }
  return Object.fromEntries(found)
}

/** The leaf of a collision is who holds the place now. A series that has got it since is no collision any more. */
async function describeFailures(
  trees: Pick<TreeStore, 'readLeaves'>,
  { treeId, generation }: Pick<Tree, 'treeId' | 'generation'>,
  failures: readonly Failure[],
): Promise<[string, string][]> {
  const refs = failures.flatMap((failure) => {
    if (failure.kind !== 'collision') return []
    const { hashes } = failure
    return [{ parent: { treeId, generation, hashes: hashes.slice(0, -1) }, hash: hashes.at(-1) ?? 0 }]
  })
  const leaves = await trees.readLeaves(refs)
  return failures.flatMap((failure, i): [string, string][] => {
    const tsuid = tsuidToHex(failure.tsuid)
    if (failure.kind === 'notMatched') return [[tsuid, failure.why]]
    const leaf = leaves[i]
    const winner = leaf === undefined ? '' : tsuidToHex(leaf.tsuid)
    return winner === tsuid ? [] : [[tsuid, winner]]
  })
}

function byName(a: { readonly displayName: string }, b: { readonly displayName: string }): number {
  return a.displayName < b.displayName ? -1 : a.displayName > b.displayName ? 1 : 0
}
