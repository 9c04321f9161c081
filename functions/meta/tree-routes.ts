import { decodeTsuid, tsuidFromHex } from '../../lib/codec/tsuid.ts'
import { BadRequestError, CorruptDataError, LimitExceededError } from '../../lib/model/errors.ts'
import { type Fields, textField, textListField } from '../../lib/model/json-fields.ts'
import type { FailureKind } from '../../lib/store/trees.ts'
import { branchNotFound, parseBranchId, readBranch, readFailures } from '../../lib/tree/branches.ts'
import { BadTreeError, TreeNotFoundError } from '../../lib/tree/errors.ts'
import { enabledTrees } from '../../lib/tree/live.ts'
import { compileTree } from '../../lib/tree/place.ts'
import { rebuildTrees } from '../../lib/tree/rebuild.ts'
import { parseTreeId, requireTreeId } from '../../lib/tree/request.ts'
import { testSeries } from '../../lib/tree/test-series.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { sharedStore, sharedTrees } from '../store.ts'
import { json, type Route, type Routes } from './route.ts'
import { definitions, fieldsOf, RULE, RULES, TREE } from './tree-definitions.ts'

/** Milliseconds of a part of a rebuild: well within what the gateway waits. */
const REBUILD_MS = 8_000

async function branch(request: HttpRequest): Promise<HttpAnswer> {
  const fields = fieldsOf(request)
  const text = textField(fields, 'branch') ?? ''
  const root = { tree: parseTreeId(fields), hashes: [] }
  if (text === '' && root.tree === 0) throw new BadTreeError('branch', 'Missing or invalid branch and tree IDs')
  const { tree: treeId, hashes } = text === '' ? root : parseBranchId(text)
  const tree = await definitions()
    .get(treeId)
    .catch((error: unknown) => {
      throw error instanceof TreeNotFoundError ? branchNotFound(treeId, hashes) : error
    })
  return json(await readBranch({ ...sharedStore(), trees: sharedTrees() }, tree, hashes))
}

/** Lists the series that did not fit in a tree. */
function failures(kind: FailureKind): Route {
  const run = async (request: HttpRequest): Promise<HttpAnswer> => {
    const fields = fieldsOf(request)
    const tree = await definitions().get(requireTreeId(fields))
    const hexes = tsuidsOf(fields)
    const tsuids = hexes.length === 0 ? undefined : [...new Set(hexes)].map(parseTsuid)
    return json(await readFailures(sharedTrees(), kind, tree, tsuids))
  }
  return { GET: run, POST: run, PUT: run }
}

async function test(request: HttpRequest): Promise<HttpAnswer> {
  const fields = fieldsOf(request)
  const tree = await definitions().get(requireTreeId(fields))
  const hexes = tsuidsOf(fields)
  if (hexes.length === 0) throw new BadTreeError('tsuids', 'Missing TSUID list')
  return json(await testSeries(sharedStore(), compileTree(tree), hexes))
}

/** Puts series that there are into one tree, or into all that are enabled: as much as a request has time for. */
async function rebuild(request: HttpRequest): Promise<HttpAnswer> {
  const fields = fieldsOf(request)
  const treeId = parseTreeId(fields)
  const trees = treeId === 0 ? await enabledTrees(sharedTrees()) : [compileTree(await definitions().get(treeId))]
  const until = Date.now() + REBUILD_MS
  const store = { ...sharedStore(), trees: sharedTrees() }
  const cursor = textField(fields, 'cursor')
  const part = await rebuildTrees(store, trees, cursor === '' ? undefined : cursor, () => Date.now() >= until)
  return json({ trees: trees.map(({ tree }) => tree.treeId), ...part, cursor: part.cursor ?? null })
}

/** A list in a body; in a URL, with commas. */
function tsuidsOf(fields: Fields): string[] {
  const tsuids =
    typeof fields.tsuids === 'string'
      ? fields.tsuids.split(',').filter((tsuid) => tsuid !== '')
      : (textListField(fields, 'tsuids') ?? [])
  const { treeSeries } = readConfig().limits
  if (tsuids.length > treeSeries) throw new LimitExceededError('treeSeries', treeSeries, tsuids.length, 'series')
  return tsuids
}

function parseTsuid(hex: string): Uint8Array {
  try {
    const tsuid = tsuidFromHex(hex)
    decodeTsuid(tsuid, readConfig().uidWidths)
    return tsuid
  } catch (error) {
    if (error instanceof CorruptDataError) throw new BadRequestError('tree.tsuids', `Invalid TSUID: ${hex}`)
    throw error
  }
}

/** Trees: definitions, rules, branches and what did not fit. */
export const TREE_ROUTES: Routes = [
  ['/api/tree', TREE],
  ['/api/tree/rule', RULE],
  ['/api/tree/rules', RULES],
  ['/api/tree/branch', { GET: branch }],
  ['/api/tree/collisions', failures('collision')],
  ['/api/tree/notmatched', failures('notMatched')],
  ['/api/tree/test', { GET: test, POST: test, PUT: test }],
  ['/api/tree/rebuild', { POST: rebuild }],
]
