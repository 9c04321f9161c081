import { BadRequestError } from '../../lib/model/errors.ts'
import { type Fields, parseObject, textField, textListField, wholeField } from '../../lib/model/json-fields.ts'
import { UID_KINDS, type UidKind } from '../../lib/model/series.ts'
import { deleteName } from '../../lib/search/delete-names.ts'
import { UidError } from '../../lib/uid/errors.ts'
import { checkNames } from '../../lib/uid/fsck.ts'
import { uidToHex } from '../../lib/uid/hex.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { sharedStore } from '../store.ts'
import { fieldsOf } from './fields.ts'
import { lookupBudget } from './lookup-budget.ts'
import { json } from './route.ts'

/** Names that one answer of a check looks at, unless the request says how many, and at most. */
const CHECKED_NAMES = 10_000

/** What a request did to names: for each kind the UIDs, and where there are some, why others failed. */
interface NamesAnswer {
  readonly done: Map<string, string>
  readonly failed: Map<string, string>
}

/** GET /api/uid/assign?metric=a,b&tagk=c and POST with `{"metric": ["a", "b"]}`: gives names UIDs. */
export async function assignUids(request: HttpRequest): Promise<HttpAnswer> {
  const lists = listsOf(request, 'Missing values to assign UIDs')
  const { uidAdmin, uids } = sharedStore()
  return answerNames(lists, async (kind, names) => {
    const assigned = await uidAdmin.assign(kind, names, readConfig().limits.nameBytes)
    return split(assigned, (uid) => uidToHex(uid, uids.widths[kind]))
  })
}

/** POST /api/uid/delete with `{"metric": ["a", "b"]}`: deletes names that no series uses. */
export async function deleteUids(request: HttpRequest): Promise<HttpAnswer> {
  const lists = listsOf(request, 'Missing names to delete')
  const store = sharedStore()
  return answerNames(lists, async (kind, names) => {
    const answers = new Map<string, number | string>()
    for (const name of new Set(names)) {
      try {
        answers.set(name, await deleteName(store, kind, name, lookupBudget()))
      } catch (error) {
        if (!(error instanceof UidError)) throw error
        answers.set(name, error.message)
      }
    }
    return split(answers, (uid) => uidToHex(uid, store.uids.widths[kind]))
  })
}

async function answerNames(
  lists: ReadonlyMap<string, readonly string[]>,
  run: (kind: UidKind, names: readonly string[]) => Promise<NamesAnswer>,
): Promise<HttpAnswer> {
  const body: Record<string, Record<string, string>> = {}
  let status = 200
  for (const [type, names] of lists) {
    const kind = UID_KINDS.find((known) => known === type)
    const unknown = { done: new Map(), failed: new Map(names.map((name) => [name, 'Unknown type name'])) }
    const { done, failed } = kind === undefined ? unknown : await run(kind, names)
    body[type] = inOrder(done)
    if (failed.size === 0) continue
    body[`${type}_errors`] = inOrder(failed)
    status = 400
  }
  return { status, body: JSON.stringify(body) }
}

function split(answers: ReadonlyMap<string, number | string>, hex: (uid: number) => string): NamesAnswer {
  const [done, failed] = [new Map<string, string>(), new Map<string, string>()]
  for (const [name, answer] of answers) {
    if (typeof answer === 'number') done.set(name, hex(answer))
    else failed.set(name, answer)
  }
  return { done, failed }
}

function inOrder(names: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...names].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The names of a request by their type, from a POST's body or a GET's parameters. */
function listsOf(request: HttpRequest, missing: string): Map<string, readonly string[]> {
  const lists = new Map<string, readonly string[]>()
  if (request.method === 'POST') {
    const fields = parseObject(request.body())
    for (const type of Object.keys(fields)) {
      const names = textListField(fields, type)
      if (names !== undefined) lists.set(type, names)
    }
  } else {
    for (const kind of UID_KINDS) {
      const names =
        request.query
          .get(kind)
          ?.split(',')
          .filter((name) => name !== '') ?? []
      if (names.length > 0) lists.set(kind, names)
    }
  }
  if (lists.size === 0) throw new BadRequestError('uid.names', missing)
  return lists
}

/** GET /api/uid/rename?metric=OLD&name=NEW and POST with `{"metric": OLD, "name": NEW}`. */
export async function renameUid(request: HttpRequest): Promise<HttpAnswer> {
  const fields: Fields = request.method === 'POST' ? parseObject(request.body()) : Object.fromEntries(request.query)
  const to = textField(fields, 'name')
  // a GET may carry parameters that have nothing to do with it
  const types = request.method === 'POST' ? Object.keys(fields) : UID_KINDS
  const type = types.find((field) => field !== 'name' && textField(fields, field) !== undefined)
  const from = type === undefined ? undefined : textField(fields, type)
  if (type === undefined || !from || !to) {
    throw new BadRequestError('uid.rename', 'Missing necessary values to rename UID')
  }
  try {
    const kind = UID_KINDS.find((known) => known === type)
    if (kind === undefined) throw new UidError('uid.type', 400, 'Unknown type name')
    await sharedStore().uidAdmin.rename(kind, from, to, readConfig().limits.nameBytes)
    return json({ result: 'true' })
  } catch (error) {
    if (!(error instanceof UidError) || error.statusCode >= 500) throw error
    return { status: error.statusCode, body: JSON.stringify({ result: 'false', error: error.message }) }
  }
}

/** /api/uid/fsck with `type`, `after` and `limit`: whether names lead to UIDs that lead back to them. */
export async function checkUids(request: HttpRequest): Promise<HttpAnswer> {
  const fields = fieldsOf(request)
  const type = textField(fields, 'type')
  if (!type) throw new BadRequestError('missingParameter', 'Missing parameter <code>type</code>')
  const kind = kindOf(type)
  const atLeast = Math.max(1, Math.min(wholeField(fields, 'limit') ?? CHECKED_NAMES, CHECKED_NAMES))
  const { uidTable, uids } = sharedStore()
  await uids.epoch()
  return json(await checkNames(uidTable, uids.widths, kind, textField(fields, 'after') ?? '', atLeast))
}

/** @throws BadRequestError in OpenTSDB's words */
export function kindOf(type: string): UidKind {
  const name = type.toLowerCase()
  const kind = UID_KINDS.find((known) => known === name || (known === 'metric' && name === 'metrics'))
  if (kind === undefined) throw new BadRequestError('uid.type', `Invalid type requested: ${type}`)
  return kind
}
