import {
  deleteAnnotations,
  listAnnotations,
  readAnnotation,
  saveAnnotation,
  saveAnnotations,
} from '../../lib/annotation/annotations.ts'
import {
  type AnnotationPatch,
  parseAnnotation,
  parseAnnotationParameters,
  parseListParameters,
  parseRange,
  parseRangeParameters,
  type RequestContext,
} from '../../lib/annotation/request.ts'
import { describeAnnotation } from '../../lib/model/annotation.ts'
import { LimitExceededError } from '../../lib/model/errors.ts'
import { parseObject, parseObjects } from '../../lib/model/json-fields.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { sharedStore } from '../store.ts'
import { json, type Route, type Routes } from './route.ts'

const NOT_MODIFIED: HttpAnswer = { status: 304 }
const NO_CONTENT: HttpAnswer = { status: 204 }

function context(): RequestContext {
  const { uidWidths, limits } = readConfig()
  return { widths: uidWidths, limits, now: Date.now() }
}

/** A body where there is one, else the parameters of the URL. */
function patchOf(request: HttpRequest): AnnotationPatch {
  const body = request.body()
  return body.trim() === ''
    ? parseAnnotationParameters(request.query, context())
    : parseAnnotation(parseObject(body), context())
}

async function read(request: HttpRequest): Promise<HttpAnswer> {
  return json(describeAnnotation(await readAnnotation(sharedStore().annotations, patchOf(request))))
}

async function save(request: HttpRequest, replace: boolean): Promise<HttpAnswer> {
  const saved = await saveAnnotation(sharedStore().annotations, patchOf(request), replace)
  return saved === undefined ? NOT_MODIFIED : json(describeAnnotation(saved))
}

async function remove(request: HttpRequest): Promise<HttpAnswer> {
  await sharedStore().annotations.delete(patchOf(request))
  return NO_CONTENT
}

async function saveBulk(request: HttpRequest, replace: boolean): Promise<HttpAnswer> {
  const bodies = parseObjects(request.body())
  const { bulkAnnotations } = readConfig().limits
  if (bodies.length > bulkAnnotations) {
    throw new LimitExceededError('bulkAnnotations', bulkAnnotations, bodies.length, 'annotations')
  }
  const patches = bodies.map((fields) => parseAnnotation(fields, context()))
  return json((await saveAnnotations(sharedStore().annotations, patches, replace)).map(describeAnnotation))
}

async function removeBulk(request: HttpRequest): Promise<HttpAnswer> {
  const body = request.body()
  const { widths } = context()
  const range =
    body.trim() === '' ? parseRangeParameters(request.query, context()) : parseRange(parseObject(body), context())
  const totalDeleted = await deleteAnnotations(sharedStore().annotations, range, widths)
  const tsuids = range.tsuids.length === 0 ? null : range.tsuids
  return json({ tsuids, global: range.global, startTime: range.from, endTime: range.to, totalDeleted })
}

async function list(request: HttpRequest): Promise<HttpAnswer> {
  const found = await listAnnotations(
    sharedStore().annotations,
    parseListParameters(request.query, context()),
    context().widths,
  )
  return json(found.map(describeAnnotation))
}

const WRITING: Route = {
  POST: (request) => save(request, false),
  PUT: (request) => save(request, true),
  DELETE: remove,
}

const BULK: Route = {
  POST: (request) => saveBulk(request, false),
  PUT: (request) => saveBulk(request, true),
  DELETE: removeBulk,
}

/** What people note at a time, of a series or of all. */
export const ANNOTATION_ROUTES: Routes = [
  ['/api/annotation', { ...WRITING, GET: read }],
  ['/api/annotation/bulk', BULK],
  ['/api/annotations', { ...WRITING, GET: list }],
  ['/api/annotations/bulk', BULK],
]
