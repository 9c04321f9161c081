import { resolveExpression } from '../../lib/meta/find-series.ts'
import { parseSeriesExpression } from '../../lib/meta/series-expression.ts'
import {
  createSeries,
  deleteTsMeta,
  readTsMeta,
  readTsMetas,
  type TsMetaContext,
  tsuidOf,
  writeTsMeta,
} from '../../lib/meta/ts-meta.ts'
import { deleteUidMeta, readUidMeta, UnknownUidError, writeUidMeta } from '../../lib/meta/uid-meta.ts'
import { BadRequestError } from '../../lib/model/errors.ts'
import { textField } from '../../lib/model/json-fields.ts'
import type { UidKind } from '../../lib/model/series.ts'
import { uidFromHex } from '../../lib/uid/hex.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { sharedStore } from '../store.ts'
import { fieldsOf, requiredParameter } from './fields.ts'
import { json, type Route } from './route.ts'
import { kindOf } from './uid.ts'

const NOT_MODIFIED: HttpAnswer = { status: 304 }
const NO_CONTENT: HttpAnswer = { status: 204 }

/** /api/uid/uidmeta: what is known of a name. */
export const UID_META: Route = {
  GET: async (request) => {
    const uid = requiredParameter(request, 'uid')
    const kind = kindOf(requiredParameter(request, 'type'))
    return json(await readUidMeta(sharedStore(), kind, parseUid(kind, uid)))
  },
  POST: (request) => writeName(request, false),
  PUT: (request) => writeName(request, true),
  DELETE: async (request) => {
    const { kind, uid } = nameOf(request)
    await deleteUidMeta(sharedStore(), kind, uid)
    return NO_CONTENT
  },
}

async function writeName(request: HttpRequest, overwrite: boolean): Promise<HttpAnswer> {
  const { kind, uid } = nameOf(request)
  const meta = await writeUidMeta(
    sharedStore(),
    kind,
    uid,
    fieldsOf(request),
    overwrite,
    readConfig().limits.documentBytes,
  )
  return meta === undefined ? NOT_MODIFIED : json(meta)
}

function nameOf(request: HttpRequest): { kind: UidKind; uid: number } {
  const fields = fieldsOf(request)
  const [uid, type] = [textField(fields, 'uid'), textField(fields, 'type')]
  if (uid === undefined || uid === '') throw new BadRequestError('uidmeta.uid', 'Missing UID')
  if (type === undefined || type === '') throw new BadRequestError('uidmeta.type', 'Missing type')
  const kind = kindOf(type)
  return { kind, uid: parseUid(kind, uid) }
}

function parseUid(kind: UidKind, hex: string): number {
  const uid = uidFromHex(hex, readConfig().uidWidths[kind])
  if (uid === undefined) throw new UnknownUidError(kind, hex)
  return uid
}

/** /api/uid/tsmeta: what is known of a series. */
export const TS_META: Route = {
  GET: async (request) => {
    const tsuid = request.query.get('tsuid')
    if (tsuid !== null && tsuid !== '') return json(await readTsMeta(context(), tsuid))
    return json(await readTsMetas(context(), parseSeriesExpression(requiredParameter(request, 'm'))))
  },
  POST: (request) => writeSeries(request, false),
  PUT: (request) => writeSeries(request, true),
  DELETE: async (request) => {
    const tsuid = textField(fieldsOf(request), 'tsuid')
    if (tsuid === undefined || tsuid === '') throw new BadRequestError('tsmeta.tsuid', 'Missing TSUID')
    await deleteTsMeta(context(), tsuid)
    return NO_CONTENT
  },
}

function context(): TsMetaContext {
  return { store: sharedStore(), limits: readConfig().limits, now: Date.now() }
}

async function writeSeries(request: HttpRequest, overwrite: boolean): Promise<HttpAnswer> {
  const fields = fieldsOf(request)
  const given = textField(fields, 'tsuid')
  const byName = given === undefined || given === ''
  const tsuid = byName ? await tsuidByName(requiredParameter(request, 'm'), request.query.get('create')) : given
  const meta = await writeTsMeta(context(), tsuid, fields, overwrite)
  if (meta !== undefined) return json(meta)
  return byName && request.query.get('create') === 'true' ? json(await readTsMeta(context(), tsuid)) : NOT_MODIFIED
}

/** The one series that has exactly these names, which is made known where that is asked for. */
async function tsuidByName(expression: string, create: string | null): Promise<string> {
  const store = sharedStore()
  const selection = await resolveExpression(store.uids, parseSeriesExpression(expression))
  const tsuid = tsuidOf(selection, store.uids.widths)
  if (tsuid === undefined) {
    throw new BadRequestError('tsmeta.m', 'm must name a metric and every tag with its value', { details: expression })
  }
  if (create === 'true') await createSeries(context(), tsuid)
  return Buffer.from(tsuid).toString('hex').toUpperCase()
}
