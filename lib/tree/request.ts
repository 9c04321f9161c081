import { LimitExceededError } from '../model/errors.ts'
import { type Fields, flagField, textField, wholeField } from '../model/json-fields.ts'
import type { Limits } from '../model/limits.ts'
import { BadTreeError } from './errors.ts'
import { MAX_TREE_ID, RULE_TYPES, type RuleType, type Tree, type TreeRule } from './model.ts'

/** What a request says of a tree; what it does not say is absent. As in OpenTSDB, empty text says nothing. */
export type TreePatch = Partial<
  Pick<Tree, 'name' | 'description' | 'notes' | 'enabled' | 'strictMatch' | 'storeFailures'>
>

/** What a request says of a rule, whose place it names; as in OpenTSDB, empty text and a group index of 0 say nothing. */
export type RulePatch = Pick<TreeRule, 'level' | 'order'> & Partial<TreeRule>

/** A request's fields with the names that they have in a JSON body. */
export interface TreeRequest<T> {
  /** 0 where the request names no tree. */
  readonly treeId: number
  readonly patch: T
}

/** Levels and orders are numbers that nobody runs out of. */
const MAX_PLACE = 0xffff

/** How the parameters of a URL are called that are not called as in a body. */
const PARAMETERS: Readonly<Record<string, string>> = {
  treeid: 'treeId',
  strict_match: 'strictMatch',
  store_failures: 'storeFailures',
  custom_field: 'customField',
  regex_group_idx: 'regexGroupIdx',
  display_format: 'displayFormat',
}

/** The parameters of a URL as fields of a body. */
export function fieldsOfParameters(parameters: URLSearchParams): Fields {
  return Object.fromEntries([...parameters].map(([name, value]) => [PARAMETERS[name] ?? name, value]))
}

/**
 * Reads which tree a request is about.
 * @returns 0 where it does not say
 * @throws BadTreeError
 */
export function parseTreeId(fields: Fields): number {
  const text = textField(fields, 'treeId') ?? ''
  if (text === '') return 0
  if (!/^[+-]?\d{1,10}$/.test(text)) {
    throw new BadTreeError('treeId', "Unable to parse 'tree' value", `For input string: "${text}"`)
  }
  const treeId = Number(text)
  if (treeId >= 0 && treeId <= MAX_TREE_ID) return treeId
  throw new BadTreeError('treeId', 'Invalid Tree ID', `It must be from 1 to ${MAX_TREE_ID}, it is ${text}`)
}

/** parseTreeId where a tree must be named. */
export function requireTreeId(fields: Fields): number {
  const treeId = parseTreeId(fields)
  if (treeId > 0) return treeId
  throw new BadTreeError('treeId', 'Missing or invalid Tree ID')
}

/** @throws BadTreeError, BadRequestError naming field and rule */
export function parseTree(fields: Fields): TreeRequest<TreePatch> {
  const patch = {
    name: said(textField(fields, 'name')),
    description: said(textField(fields, 'description')),
    notes: said(textField(fields, 'notes')),
    enabled: flagField(fields, 'enabled'),
    strictMatch: flagField(fields, 'strictMatch'),
    storeFailures: flagField(fields, 'storeFailures'),
  }
  return { treeId: parseTreeId(fields), patch: withoutAbsent(patch) }
}

/** @throws BadTreeError, BadRequestError naming field and rule; LimitExceededError for a regular expression that is too long */
export function parseRule(fields: Fields, limits: Pick<Limits, 'regexpLength'>): TreeRequest<RulePatch> {
  const groupIndex = placeOf(fields, 'regexGroupIdx', 'Invalid regex group index. Cannot be less than 0')
  const patch = {
    type: parseType(textField(fields, 'type')),
    field: said(textField(fields, 'field')),
    regex: expressionOf(fields, 'regex', limits),
    separator: expressionOf(fields, 'separator', limits),
    description: said(textField(fields, 'description')),
    notes: said(textField(fields, 'notes')),
    customField: said(textField(fields, 'customField')),
    regexGroupIdx: groupIndex === 0 ? undefined : groupIndex,
    displayFormat: said(textField(fields, 'displayFormat')),
  }
  const level = placeOf(fields, 'level', 'Negative levels are not allowed')
  const order = placeOf(fields, 'order', 'Negative orders are not allowed')
  return { treeId: requireTreeId(fields), patch: { ...withoutAbsent(patch), level, order } }
}

function parseType(text: string | undefined): RuleType | undefined {
  if (text === undefined || text === '') return undefined
  const type = RULE_TYPES.find((known) => known === text.toUpperCase())
  if (type !== undefined) return type
  throw new BadTreeError('type', 'Unrecognized rule type', `${text} is none of ${RULE_TYPES.join(', ')}`)
}

function expressionOf(
  fields: Fields,
  name: string,
  { regexpLength }: Pick<Limits, 'regexpLength'>,
): string | undefined {
  const text = said(textField(fields, name))
  if (text !== undefined && text.length > regexpLength) {
    throw new LimitExceededError('regexpLength', regexpLength, text.length, 'characters of regular expression')
  }
  return text
}

function placeOf(fields: Fields, name: string, negative: string): number {
  const place = wholeField(fields, name) ?? 0
  if (place < 0) throw new BadTreeError(name, negative, `${name} is ${place}`)
  if (place > MAX_PLACE) throw new BadTreeError(name, `${name} must be at most ${MAX_PLACE}, it is ${place}`)
  return place
}

function said(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

/** The same fields without those that are undefined. */
function withoutAbsent<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined)
  // Object.fromEntries forgets which value belongs to which name.
  return Object.fromEntries(present) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
