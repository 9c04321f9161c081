import type { RE2JS } from 're2js'
import { compileRegex } from '../model/regex.ts'
import { ruleLabel, type Tree, type TreeRule } from './model.ts'

/** A name of a series with the custom fields that somebody gave it. */
export interface TreeName {
  readonly name: string
  readonly custom: Readonly<Record<string, string>> | undefined
}

/** A series as rules look at it. */
export interface TreeSeries {
  /** Upper-case hex. */
  readonly tsuid: string
  readonly metric: TreeName
  readonly tags: readonly (readonly [tagk: TreeName, tagv: TreeName])[]
}

/** Where rules put a series. */
export interface Placement {
  /** Names from below the root on; the last is the leaf. Undefined: the series is not in the tree. */
  readonly path: readonly string[] | undefined
  /** Names that were found, also where the series is not in the tree for others that were not. */
  readonly found: readonly string[]
  /** Why the series is not in the tree; '' where it is. */
  readonly why: string
  /** What each rule did. */
  readonly messages: readonly string[]
}

/** A tree whose expressions are compiled. */
export interface CompiledTree {
  readonly tree: Tree
  /** The rules of each level that has some, by order. */
  readonly levels: readonly (readonly CompiledRule[])[]
  /** Whether rules look at custom fields. */
  readonly custom: boolean
}

interface CompiledRule {
  readonly rule: TreeRule
  readonly label: string
  readonly regex: RE2JS | undefined
  readonly separator: RE2JS | undefined
}

/** Levels below the root that a tree may have: what keeps keys short. */
export const MAX_DEPTH = 64

/** UTF-8 bytes of a display name. */
export const MAX_NAME_BYTES = 1024

/**
 * Compiles a tree's rules.
 * @throws BadRegexError where one has a bad expression, which storing it would have refused
 */
export function compileTree(tree: Tree): CompiledTree {
  const levels = new Map<number, CompiledRule[]>()
  for (const rule of [...tree.rules].sort((a, b) => a.level - b.level || a.order - b.order)) {
    const compiled = {
      rule,
      label: ruleLabel(tree.treeId, rule),
      regex: rule.regex === '' ? undefined : compileRegex(rule.regex),
      separator: rule.separator === '' ? undefined : compileRegex(rule.separator),
    }
    const level = levels.get(rule.level)
    if (level === undefined) levels.set(rule.level, [compiled])
    else level.push(compiled)
  }
  return { tree, levels: [...levels.values()], custom: tree.rules.some(({ type }) => type.endsWith('_CUSTOM')) }
}

/**
 * Where a series belongs in a tree. Each level gives a name, or by a separator several, by the first of its rules that finds
 * some; a level that finds none is passed over, and with strictMatch keeps the series out. The last name is the leaf.
 * It hangs on nothing but the rules and the series, so that live building and a rebuild give the same tree.
 */
export function placeSeries({ tree, levels }: CompiledTree, series: TreeSeries): Placement {
  const messages: string[] = []
  const found: string[] = []
  const failed: string[] = []
  for (const level of levels) {
    const names = namesOfLevel(level, series, messages)
    const good = names.filter((name) => name !== '')
    // a separator may leave empty parts, which are no names
    if (good.length < Math.max(1, names.length)) failed.push(level.at(-1)?.label ?? '')
    found.push(...good)
  }
  const why = whyNot(tree, found, failed)
  if (why !== '') messages.push(why)
  else {
    for (const [i, name] of found.entries()) {
      const parent = i === 0 ? 'ROOT' : found[i - 1]
      const what = i === found.length - 1 ? `leaf [name: ${name} tsuid: ${series.tsuid}]` : `branch: Name: [${name}]`
      messages.push(`Depth [${i + 1}] Adding ${what} to parent branch [Name: [${parent}]]`)
    }
  }
  return { path: why === '' ? found : undefined, found, why, messages }
}

function whyNot(tree: Tree, found: readonly string[], failed: readonly string[]): string {
  if (tree.strictMatch && failed.length > 0) {
    return `TSUID failed to match one or more rule levels, will not add it: ${failed.join(' ')}`
  }
  if (found.length === 0) return `No rule matched: ${failed.join(' ')}`
  if (found.length > MAX_DEPTH) return `The path has ${found.length} levels, ${MAX_DEPTH} are allowed`
  const long = found.find((name) => Buffer.byteLength(name) > MAX_NAME_BYTES)
  return long === undefined ? '' : `A name has more than ${MAX_NAME_BYTES} bytes: ${long.slice(0, 64)}...`
}

/** The names that the first rule with one gives; none where no rule has any. */
function namesOfLevel(level: readonly CompiledRule[], series: TreeSeries, messages: string[]): string[] {
  for (const compiled of level) {
    messages.push(`Processing rule: ${compiled.label}`)
    const value = ruleValue(compiled, series, messages)
    if (value === undefined || value === '') continue
    const names = cut(compiled, value, messages).map((part) => formatted(compiled.rule, value, part, series))
    if (names.some((name) => name !== '')) return names
  }
  return []
}

/** What a rule looks at, of a series; undefined where the series lacks it. */
function ruleValue({ rule, label }: CompiledRule, series: TreeSeries, messages: string[]): string | undefined {
  const { type, field } = rule
  if (type === 'METRIC') return series.metric.name
  if (type === 'METRIC_CUSTOM') return customOf(rule, label, series.metric, messages)
  const byValue = type === 'TAGV_CUSTOM'
  const tag = series.tags.find(([tagk, tagv]) => (byValue ? tagv : tagk).name === field)
  const what = byValue ? 'tagv' : 'tagk'
  if (tag === undefined) {
    messages.push(`No match on ${what} [${field}] for rule: ${label}`)
    return undefined
  }
  messages.push(`Matched ${what} [${field}] for rule: ${label}`)
  return type === 'TAGK' ? tag[1].name : customOf(rule, label, byValue ? tag[1] : tag[0], messages)
}

function customOf(
  { customField }: TreeRule,
  label: string,
  { custom }: TreeName,
  messages: string[],
): string | undefined {
  const value = custom !== undefined && Object.hasOwn(custom, customField) ? custom[customField] : undefined
  const match = value === undefined ? 'No match' : 'Matched'
  messages.push(`${match} on custom tag [${customField}] for rule: ${label}`)
  return value
}

/** The part, or parts, of a value that become names. */
function cut({ rule, label, regex, separator }: CompiledRule, value: string, messages: string[]): string[] {
  if (regex !== undefined) {
    const matcher = regex.matcher(value)
    const group = rule.regexGroupIdx + 1
    if (!matcher.find()) {
      messages.push(`Regex did not match [${value}] on rule: ${label}`)
      return []
    }
    if (group > matcher.groupCount()) {
      messages.push(
        `Regex group index [${rule.regexGroupIdx}] for rule ${label} was out of bounds [${matcher.groupCount()}]`,
      )
      return []
    }
    const extracted = matcher.group(group) ?? ''
    if (extracted === '') messages.push(`Extracted value for rule ${label} was null or empty`)
    return [extracted]
  }
  if (separator === undefined) return [value]
  const parts = separator.split(value)
  if (parts.length === 0) messages.push(`Separator did not match, created an empty list on rule: ${label}`)
  return parts
}

/** @param part empty parts stay so, whatever the format puts around them */
function formatted(rule: TreeRule, value: string, part: string, { tsuid }: TreeSeries): string {
  if (rule.displayFormat === '' || part === '') return part
  const tagName = rule.type === 'TAGK' ? rule.field : rule.customField
  const fields: Record<string, string> = { ovalue: value, value: part, tsuid, tag_name: tagName }
  return rule.displayFormat.replace(/\{(ovalue|value|tsuid|tag_name)\}/g, (_, field: string) => fields[field] ?? '')
}
