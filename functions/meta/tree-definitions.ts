import type { Fields } from '../../lib/model/json-fields.ts'
import { parseObject, parseObjects, textField } from '../../lib/model/json-fields.ts'
import { TreeDefinitions } from '../../lib/tree/definitions.ts'
import { BadTreeError } from '../../lib/tree/errors.ts'
import { describeRule, describeTree } from '../../lib/tree/model.ts'
import {
  fieldsOfParameters,
  parseRule,
  parseTree,
  parseTreeId,
  type RulePatch,
  requireTreeId,
  type TreeRequest,
} from '../../lib/tree/request.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { sharedTrees } from '../store.ts'
import { json, type Route } from './route.ts'

const NOT_MODIFIED: HttpAnswer = { status: 304 }
const NO_CONTENT: HttpAnswer = { status: 204 }

export function definitions(): TreeDefinitions {
  return new TreeDefinitions(sharedTrees(), readConfig().limits)
}

/** A body where there is one, else the parameters of the URL. */
export function fieldsOf(request: HttpRequest): Fields {
  const body = request.body()
  return body.trim() === '' ? fieldsOfParameters(request.query) : parseObject(body)
}

async function readTrees(request: HttpRequest): Promise<HttpAnswer> {
  const treeId = parseTreeId(fieldsOf(request))
  if (treeId > 0) return json(describeTree(await definitions().get(treeId)))
  return json((await definitions().list()).map(describeTree))
}

async function saveTree(request: HttpRequest, replace: boolean): Promise<HttpAnswer> {
  const { treeId, patch } = parseTree(fieldsOf(request))
  if (treeId === 0) return json(describeTree(await definitions().create(patch)))
  const saved = await definitions().save(treeId, patch, replace)
  return saved === undefined ? NOT_MODIFIED : json(describeTree(saved))
}

async function removeTree(request: HttpRequest): Promise<HttpAnswer> {
  const fields = fieldsOf(request)
  const withDefinition = textField(fields, 'definition')?.toLowerCase() === 'true'
  await definitions().remove(requireTreeId(fields), withDefinition)
  return NO_CONTENT
}

function ruleOf(request: HttpRequest): TreeRequest<RulePatch> {
  return parseRule(fieldsOf(request), readConfig().limits)
}

async function readRule(request: HttpRequest): Promise<HttpAnswer> {
  const { treeId, patch } = ruleOf(request)
  return json(describeRule(treeId, await definitions().getRule(treeId, patch)))
}

async function saveRule(request: HttpRequest, replace: boolean): Promise<HttpAnswer> {
  const { treeId, patch } = ruleOf(request)
  const saved = await definitions().saveRule(treeId, patch, replace)
  return saved === undefined ? NOT_MODIFIED : json(describeRule(treeId, saved))
}

async function removeRule(request: HttpRequest): Promise<HttpAnswer> {
  const { treeId, patch } = ruleOf(request)
  await definitions().removeRule(treeId, patch)
  return NO_CONTENT
}

async function saveRules(request: HttpRequest, replace: boolean): Promise<HttpAnswer> {
  const rules = parseObjects(request.body()).map((fields) => parseRule(fields, readConfig().limits))
  const [first] = rules
  if (first === undefined) throw new BadTreeError('rules', 'Missing tree rules')
  if (rules.some(({ treeId }) => treeId !== first.treeId)) {
    throw new BadTreeError('treeId', 'All rules must belong to the same tree')
  }
  const patches = rules.map(({ patch }) => patch)
  await definitions().saveRules(first.treeId, patches, replace)
  return NO_CONTENT
}

async function removeRules(request: HttpRequest): Promise<HttpAnswer> {
  await definitions().removeRules(requireTreeId(fieldsOf(request)))
  return NO_CONTENT
}

/** /api/tree: definitions. */
export const TREE: Route = {
  GET: readTrees,
  POST: (request) => saveTree(request, false),
  PUT: (request) => saveTree(request, true),
  DELETE: removeTree,
}

/** /api/tree/rule: one rule. */
export const RULE: Route = {
  GET: readRule,
  POST: (request) => saveRule(request, false),
  PUT: (request) => saveRule(request, true),
  DELETE: removeRule,
}

/** /api/tree/rules: many at once. */
export const RULES: Route = {
  POST: (request) => saveRules(request, false),
  PUT: (request) => saveRules(request, true),
  DELETE: removeRules,
}
