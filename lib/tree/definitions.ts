import { isDeepStrictEqual } from 'node:util'
import { CorruptDataError, LimitExceededError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { compileRegex } from '../model/regex.ts'
import type { StoredDefinition, TreeStore } from '../store/trees.ts'
import { BadTreeError, TreeContendedError, TreeNotFoundError, TreesExhaustedError } from './errors.ts'
import { MAX_TREE_ID, ruleLabel, type Tree, type TreeRule } from './model.ts'
import type { RulePatch, TreePatch } from './request.ts'

/** What is needed of the store. */
export type DefinitionStore = Pick<
  TreeStore,
  'readDefinitions' | 'readDefinition' | 'putDefinition' | 'deleteDefinition' | 'putTrash'
>

/** Times that a change is tried where others change the same tree at once. */
const TRIES = 16

const EMPTY_RULE = {
  field: '',
  regex: '',
  separator: '',
  description: '',
  notes: '',
  customField: '',
  regexGroupIdx: 0,
  displayFormat: '',
}

/** The definitions of trees, each with its rules in one item: what several clients change at once is all kept. */
export class TreeDefinitions {
  readonly #store: DefinitionStore
  readonly #limits: Pick<Limits, 'treeRules' | 'treeBytes'>
  readonly #clock: () => number

  /** @param clock milliseconds since 1970 */
  constructor(store: DefinitionStore, limits: Pick<Limits, 'treeRules' | 'treeBytes'>, clock: () => number = Date.now) {
    this.#store = store
    this.#limits = limits
    this.#clock = clock
  }

  /** All trees, by id. */
  async list(): Promise<Tree[]> {
    return (await this.#store.readDefinitions()).map(parseStored)
  }

  /** @throws TreeNotFoundError */
  async get(treeId: number): Promise<Tree> {
    return (await this.#read(treeId)).tree
  }

  /**
   * Makes a tree under the id after the greatest there is, as OpenTSDB does.
   * @throws BadTreeError without a name, TreesExhaustedError, LimitExceededError
   */
  async create(patch: TreePatch): Promise<Tree> {
    if (patch.name === undefined) throw new BadTreeError('name', 'Tree was missing the name')
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const treeId = ((await this.#store.readDefinitions()).at(-1)?.treeId ?? 0) + 1
      if (treeId > MAX_TREE_ID) throw new TreesExhaustedError(MAX_TREE_ID)
      const now = this.#clock()
      const tree = { ...emptyTree(treeId), ...patch, created: Math.floor(now / 1000), generation: now }
      if (await this.#store.putDefinition(treeId, this.#textOf(tree), undefined)) return tree
    }
    throw new TreeContendedError(0, TRIES)
  }

  /**
   * Changes what a patch names; with `replace` the rest becomes empty. Rules stay.
   * @returns the tree; undefined where the patch names nothing
   * @throws TreeNotFoundError, TreeContendedError, LimitExceededError
   */
  async save(treeId: number, patch: TreePatch, replace: boolean): Promise<Tree | undefined> {
    if (Object.keys(patch).length > 0) {
      return this.#change(treeId, (tree) => ({ ...tree, ...(replace ? emptyFields(treeId) : {}), ...patch }))
    }
    await this.get(treeId)
    return undefined
  }

  /**
   * Empties a tree, or deletes it with its definition. Both take no longer for a large tree: what it held is forgotten at
   * once, and deleted later.
   * @throws TreeNotFoundError, TreeContendedError
   */
  async remove(treeId: number, withDefinition: boolean): Promise<void> {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const { tree, version } = await this.#read(treeId)
      await this.#store.putTrash(tree)
      const generation = Math.max(this.#clock(), tree.generation + 1)
      const done = withDefinition
        ? await this.#store.deleteDefinition(treeId, version)
        : await this.#store.putDefinition(treeId, this.#textOf({ ...tree, generation }), version)
      if (done) return
    }
    throw new TreeContendedError(treeId, TRIES)
  }

  /** @throws TreeNotFoundError where there is no such tree, or no such rule */
  async getRule(treeId: number, place: Pick<TreeRule, 'level' | 'order'>): Promise<TreeRule> {
    return ruleAt(await this.get(treeId), place)
  }

  /**
   * Changes what a patch names of the rule in its place, or makes it; with `replace` the rest becomes empty.
   * @returns the rule; undefined where nothing is different from before
   * @throws TreeNotFoundError, BadTreeError, BadRegexError, LimitExceededError, TreeContendedError
   */
  async saveRule(treeId: number, patch: RulePatch, replace: boolean): Promise<TreeRule | undefined> {
    let same = false
    const tree = await this.#change(treeId, (before) => {
      const after = withRule(before, patch, replace)
      same = !replace && isDeepStrictEqual(after.rules, before.rules)
      return same ? undefined : after
    })
    return tree === undefined ? undefined : ruleAt(tree, patch)
  }

  /**
   * Changes or makes several rules at once, all or none.
   * @param replace whether all rules that there are go first
   * @throws as saveRule
   */
  async saveRules(treeId: number, patches: readonly RulePatch[], replace: boolean): Promise<void> {
    await this.#change(treeId, (before) =>
      patches.reduce((tree, patch) => withRule(tree, patch, replace), replace ? { ...before, rules: [] } : before),
    )
  }

  /** @throws TreeNotFoundError where there is no such tree, or no such rule */
  async removeRule(treeId: number, place: Pick<TreeRule, 'level' | 'order'>): Promise<void> {
    await this.#change(treeId, (tree) => {
      const gone = ruleAt(tree, place)
      return { ...tree, rules: tree.rules.filter((rule) => rule !== gone) }
    })
  }

  /** @throws TreeNotFoundError */
  async removeRules(treeId: number): Promise<void> {
    await this.#change(treeId, (tree) => ({ ...tree, rules: [] }))
  }

  async #read(treeId: number): Promise<{ tree: Tree; version: number }> {
    const stored = await this.#store.readDefinition(treeId)
    if (stored === undefined) throw new TreeNotFoundError(`tree: ${treeId}`)
    return { tree: parseStored(stored), version: stored.version }
  }

  /** @param change undefined: nothing is to be stored. @returns what is stored, undefined where nothing was to be */
  async #change(treeId: number, change: (before: Tree) => Tree | undefined): Promise<Tree | undefined> {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const { tree, version } = await this.#read(treeId)
      const after = change(tree)
      if (after === undefined) return undefined
      if (await this.#store.putDefinition(treeId, this.#textOf(after), version)) return after
    }
    throw new TreeContendedError(treeId, TRIES)
  }

  #textOf(tree: Tree): string {
    const { treeRules, treeBytes } = this.#limits
    if (tree.rules.length > treeRules) throw new LimitExceededError('treeRules', treeRules, tree.rules.length, 'rules')
    const text = JSON.stringify(tree)
    const bytes = Buffer.byteLength(text)
    if (bytes > treeBytes) throw new LimitExceededError('treeBytes', treeBytes, bytes, 'bytes of definition')
    return text
  }
}

/** @throws CorruptDataError where it is not what textOf wrote */
export function parseStored({ treeId, text }: StoredDefinition): Tree {
  try {
    const tree: Tree = { ...emptyTree(treeId), ...JSON.parse(text) }
    return tree
  } catch {
    throw new CorruptDataError(`the definition of tree ${treeId}`, 'it is not JSON')
  }
}

function emptyTree(treeId: number): Tree {
  return { ...emptyFields(treeId), created: 0, generation: 0, rules: [] }
}

function emptyFields(treeId: number) {
  return { treeId, name: '', description: '', notes: '', enabled: false, strictMatch: false, storeFailures: false }
}

function ruleAt({ treeId, rules }: Tree, { level, order }: Pick<TreeRule, 'level' | 'order'>): TreeRule {
  const rule = rules.find((one) => one.level === level && one.order === order)
  if (rule === undefined) throw new TreeNotFoundError(`rule: ${ruleLabel(treeId, { level, order })}`)
  return rule
}

function withRule(tree: Tree, patch: RulePatch, replace: boolean): Tree {
  const { level, order } = patch
  const others = tree.rules.filter((rule) => rule.level !== level || rule.order !== order)
  const before = replace ? undefined : tree.rules.find((rule) => !others.includes(rule))
  const { type = before?.type, ...fields } = { ...EMPTY_RULE, ...before, ...patch }
  if (type === undefined) throw new BadTreeError('type', 'Missing rule type')
  const rule: TreeRule = { ...fields, type }
  checkRule(rule)
  return { ...tree, rules: [...others, rule].sort((a, b) => a.level - b.level || a.order - b.order) }
}

/** @throws BadTreeError, BadRegexError */
function checkRule({ type, field, customField, regex, separator }: TreeRule): void {
  if (type !== 'METRIC' && field === '') {
    throw new BadTreeError('field', `Missing field name required for ${type} rule`)
  }
  if (type.endsWith('_CUSTOM') && customField === '') {
    throw new BadTreeError('customField', `Missing custom field name required for ${type} rule`)
  }
  for (const expression of [regex, separator]) if (expression !== '') compileRegex(expression)
}
