/** What a rule looks at. */
export const RULE_TYPES = ['METRIC', 'METRIC_CUSTOM', 'TAGK', 'TAGK_CUSTOM', 'TAGV_CUSTOM'] as const
export type RuleType = (typeof RULE_TYPES)[number]

/** A rule makes a level of the tree out of a name. Its level and order are its place: those of a level are alternatives. */
export interface TreeRule {
  readonly type: RuleType
  /** The tag key, or the name that `customField` belongs to; '' for METRIC. */
  readonly field: string
  /** A group of it is the name; '' for the whole. */
  readonly regex: string
  /** A regular expression at which the name is cut into levels; '' for none. */
  readonly separator: string
  readonly description: string
  readonly notes: string
  readonly level: number
  readonly order: number
  /** Which custom field of the name's UIDMeta; '' for types without. */
  readonly customField: string
  /** 0 for the first group of `regex`. */
  readonly regexGroupIdx: number
  /** What is shown, with {value}, {ovalue}, {tag_name} and {tsuid} in it; '' for the value alone. */
  readonly displayFormat: string
}

/** A tree's definition. */
export interface Tree {
  /** 1 to 65535. */
  readonly treeId: number
  readonly name: string
  readonly description: string
  readonly notes: string
  /** Whether new series are put into it. */
  readonly enabled: boolean
  /** Whether a series that a level has no name for stays out of it. */
  readonly strictMatch: boolean
  /** Whether it is kept which series collided or did not match. */
  readonly storeFailures: boolean
  /** Seconds since 1970. */
  readonly created: number
  /** Tells what the tree holds from what it held before it was emptied: milliseconds since 1970 of its creation or emptying. */
  readonly generation: number
  /** By level and order, ascending. */
  readonly rules: readonly TreeRule[]
}

/** The greatest id of a tree: two bytes. */
export const MAX_TREE_ID = 0xffff

/** A tree as the API shows it, with OpenTSDB's fields. */
export function describeTree(tree: Tree): object {
  const { name, description, notes, enabled, created, strictMatch, storeFailures, treeId } = tree
  const levels: Record<string, Record<string, object>> = {}
  for (const rule of tree.rules) {
    const level = levels[rule.level] ?? {}
    level[rule.order] = describeRule(treeId, rule)
    levels[rule.level] = level
  }
  const rules = tree.rules.length === 0 ? null : levels
  return { name, description, notes, enabled, rules, created, strictMatch, storeFailures, treeId }
}

/** A rule as the API shows it, with OpenTSDB's fields. */
export function describeRule(treeId: number, rule: TreeRule): object {
  const { type, field, regex, separator, description, notes, level, order } = rule
  const { customField, regexGroupIdx, displayFormat } = rule
  return {
    type,
    field,
    regex,
    separator,
    description,
    notes,
    level,
    order,
    customField,
    regexGroupIdx,
    displayFormat,
    treeId,
  }
}

/** A rule as OpenTSDB's messages name it: `[1:0:0:TAGK]`. */
export function ruleLabel(
  treeId: number,
  { level, order, type }: Pick<TreeRule, 'level' | 'order'> & { type?: string },
): string {
  return `[${treeId}:${level}:${order}:${type ?? 'null'}]`
}
