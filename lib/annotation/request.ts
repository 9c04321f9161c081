import { decodeTsuid, tsuidFromHex, tsuidToHex } from '../codec/tsuid.ts'
import { toMs } from '../model/annotation.ts'
import { BadRequestError, CorruptDataError, LimitExceededError } from '../model/errors.ts'
import { type Fields, flagField, textField, textListField, textMapField, wholeField } from '../model/json-fields.ts'
import type { Limits } from '../model/limits.ts'
import type { UidWidths } from '../model/series.ts'
import { BadQueryError } from '../query/errors.ts'
import { parseTime } from '../query/times.ts'
import { BadAnnotationError } from './errors.ts'

/** What a request says of an annotation; undefined where it says nothing. As in OpenTSDB, empty text says nothing. */
export interface AnnotationPatch {
  /** Upper-case hex; '' for a global one. */
  readonly tsuid: string
  /** Seconds or milliseconds since 1970. */
  readonly startTime: number
  readonly endTime: number | undefined
  readonly description: string | undefined
  readonly notes: string | undefined
  readonly custom: Readonly<Record<string, string>> | undefined
}

/** Which annotations to delete, or to list: those that begin within a range, both ends inclusive. */
export interface AnnotationRange {
  readonly tsuids: readonly string[]
  readonly global: boolean
  /** Milliseconds since 1970. */
  readonly from: number
  /** Milliseconds since 1970. */
  readonly to: number
}

/** What reading a request takes. */
export interface RequestContext {
  readonly widths: UidWidths
  readonly limits: Pick<Limits, 'annotationBytes'>
  /** Milliseconds since 1970, what relative times count from. */
  readonly now: number
}

/** Milliseconds since 1970 that keys have room for: the year 10889. */
const LAST_MS = 2 ** 48 - 2

/**
 * Reads an annotation from the fields of a JSON body.
 * @throws BadAnnotationError, BadRequestError naming field and rule; LimitExceededError where it is too long
 */
export function parseAnnotation(fields: Fields, { widths, limits }: RequestContext): AnnotationPatch {
  const patch: AnnotationPatch = {
    tsuid: parseTsuid(textField(fields, 'tsuid') ?? '', widths),
    startTime: startOf(wholeField(fields, 'startTime')),
    endTime: endOf(wholeField(fields, 'endTime')),
    description: said(textField(fields, 'description')),
    notes: said(textField(fields, 'notes')),
    custom: textMapField(fields, 'custom'),
  }
  const bytes = Buffer.byteLength(JSON.stringify(patch))
  if (bytes > limits.annotationBytes) {
    throw new LimitExceededError('annotationBytes', limits.annotationBytes, bytes, 'bytes of annotation')
  }
  return patch
}

/**
 * Reads an annotation from the parameters of a URL: start_time, end_time, tsuid, description, notes. Times may be relative or dates.
 * @throws as parseAnnotation
 */
export function parseAnnotationParameters(parameters: URLSearchParams, context: RequestContext): AnnotationPatch {
  const start = timeParameter(parameters, 'start_time', context.now)
  if (start === undefined) throw new BadAnnotationError('startTime', 'Missing start time')
  return parseAnnotation(
    {
      startTime: start,
      endTime: timeParameter(parameters, 'end_time', context.now),
      tsuid: parameters.get('tsuid'),
      description: parameters.get('description'),
      notes: parameters.get('notes'),
    },
    context,
  )
}

/**
 * Reads the body of a delete by range: startTime, endTime, tsuids, global.
 * @throws BadAnnotationError where there is no start, or neither tsuids nor global
 */
export function parseRange(fields: Fields, context: RequestContext): AnnotationRange {
  const tsuids = textListField(fields, 'tsuids') ?? []
  return makeRange(
    textField(fields, 'startTime'),
    textField(fields, 'endTime'),
    tsuids,
    flagField(fields, 'global') ?? false,
    context,
  )
}

/** The same from the parameters of a URL: start_time, end_time, tsuids with commas between them, global. */
export function parseRangeParameters(parameters: URLSearchParams, context: RequestContext): AnnotationRange {
  const tsuids = (parameters.get('tsuids') ?? '').split(',').filter((tsuid) => tsuid !== '')
  const [start, end] = [parameters.get('start_time'), parameters.get('end_time')]
  return makeRange(start ?? undefined, end ?? undefined, tsuids, parameters.has('global'), context)
}

/**
 * Reads which annotations to list, from the parameters of a URL: start_time, end_time (now), and tsuid or tsuids of series; without
 * them the global ones.
 * @throws BadAnnotationError where there is no start
 */
export function parseListParameters(parameters: URLSearchParams, context: RequestContext): AnnotationRange {
  const start = parameters.get('start_time') ?? ''
  if (start === '') throw new BadAnnotationError('startTime', 'Missing start time')
  const tsuids = [parameters.get('tsuid'), parameters.get('tsuids')].flatMap((list) => list?.split(',') ?? [])
  const wanted = tsuids.filter((tsuid) => tsuid !== '')
  return makeRange(start, parameters.get('end_time') ?? undefined, wanted, wanted.length === 0, context)
}

function makeRange(
  start: string | undefined,
  end: string | undefined,
  tsuids: readonly string[],
  global: boolean,
  { widths, now }: RequestContext,
): AnnotationRange {
  if (start === undefined || start === '') throw new BadAnnotationError('startTime', 'Missing the start time value')
  if (!global && tsuids.length === 0) {
    throw new BadAnnotationError('tsuids', 'Missing the TSUIDs or global annotations flag')
  }
  const from = timeOf('startTime', start, now)
  const to = end === undefined || end === '' ? now : timeOf('endTime', end, now)
  if (to < from) {
    throw new BadAnnotationError(
      'endTime',
      'The end timestamp cannot be less than the start timestamp',
      `${to} < ${from}`,
    )
  }
  return { tsuids: tsuids.map((tsuid) => parseTsuid(tsuid, widths)), global, from, to }
}

/** @returns seconds where the time is whole ones, else milliseconds; undefined where there is none */
function timeParameter(parameters: URLSearchParams, name: string, now: number): number | undefined {
  const text = parameters.get(name) ?? ''
  if (text === '') return undefined
  const ms = timeOf(name, text, now)
  return ms % 1000 === 0 ? ms / 1000 : ms
}

function timeOf(name: string, text: string, now: number): number {
  try {
    const ms = parseTime(text, now)
    if (ms <= LAST_MS) return ms
  } catch (error) {
    if (error instanceof BadQueryError) throw new BadAnnotationError(name, error.message, `${name} is ${text}`)
    throw error
  }
  throw new BadAnnotationError(name, `${name} is too far in the future: ${text}`)
}

function startOf(time = 0): number {
  if (time >= 1) return inRange('startTime', time)
  throw new BadAnnotationError('startTime', 'The start timestamp has not been set', 'startTime must be above 0')
}

function endOf(time: number | undefined): number | undefined {
  if (time !== undefined && time < 0) throw new BadAnnotationError('endTime', `endTime must not be negative: ${time}`)
  return time === undefined || time === 0 ? undefined : inRange('endTime', time)
}

function inRange(name: string, time: number): number {
  if (toMs(time) > LAST_MS) throw new BadAnnotationError(name, `${name} is too far in the future: ${time}`)
  return time
}

function said(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

/** @returns upper-case hex, or '' for '' */
function parseTsuid(text: string, widths: UidWidths): string {
  if (text === '') return ''
  try {
    const bytes = tsuidFromHex(text)
    const { metric, tags } = decodeTsuid(bytes, widths)
    if (metric > 0 && tags.length > 0) return tsuidToHex(bytes)
  } catch (error) {
    if (!(error instanceof CorruptDataError)) throw error
  }
  throw new BadRequestError('annotation.tsuid', `Invalid TSUID: ${text}`, {
    details: `It must be hex of a metric UID of ${widths.metric} bytes and pairs of a tag key's and a tag value's of ${widths.tagk} and ${widths.tagv}`,
  })
}
