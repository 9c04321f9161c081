import { KIND_BIG, KIND_FLOAT, KIND_TEXT, type PointColumns } from '../model/points.ts'
import { AsciiBuffer } from '../query/ascii-buffer.ts'
import { integerAt } from '../query/columns.ts'
import { QueryTooLargeError } from '../query/errors.ts'
import { doubleText } from '../query/number-text.ts'
import type { KairosResult, MetricAnswer } from './compute.ts'
import { KIND_NULL } from './points.ts'
import type { TagSets } from './tag-sets.ts'

/** Characters from which a piece of the answer is handed on. */
const PIECE_LENGTH = 2 ** 16

/** Points whose text is made at a time. */
const POINTS_AT_A_TIME = 2048

/** Characters that a point has, about. */
const POINT_LENGTH = 24

/** The least double that Java writes with an exponent. */
const FIRST_EXPONENT = 1e7

/**
 * The answer of /api/v1/datapoints/query as JSON text, in pieces of some 64 KB. Integers are exact; doubles look like
 * KairosDB's, whole ones without a point.
 * @param maxLength characters that it may have
 * @throws QueryTooLargeError where it passes maxLength: what was handed on by then is no answer
 */
export function* serialiseAnswer(
  answers: readonly MetricAnswer[],
  maxLength: number,
): Generator<string, void, undefined> {
  let [length, piece] = [0, '']
  for (const text of textsOf(answers)) {
    piece += text
    length += text.length
    if (length > maxLength) throw new QueryTooLargeError('answerBytes', maxLength, 'bytes of answer')
    if (piece.length >= PIECE_LENGTH) {
      yield piece
      piece = ''
    }
  }
  yield piece
}

function* textsOf(answers: readonly MetricAnswer[]): Generator<string, void, undefined> {
  yield '{"queries":['
  for (const [i, { query, sampleSize, results }] of answers.entries()) {
    yield `${i === 0 ? '' : ','}{"sample_size":${sampleSize},"results":[`
    for (const [k, result] of results.entries()) {
      yield `${k === 0 ? '' : ','}${headOf(query.metric, result, query.excludeTags)},"values":[`
      yield* pointsText(result.points)
      yield ']}'
    }
    yield ']}'
  }
  yield ']}'
}

function headOf(metric: string, { groupBy, tags }: KairosResult, excludeTags: boolean): string {
  const groups = groupBy.length === 0 ? '' : `,"group_by":${JSON.stringify(groupBy)}`
  return `{"name":${JSON.stringify(metric)}${groups}${excludeTags ? '' : `,"tags":${tagsText(tags)}`}`
}

/** The answer of /api/v1/datapoints/query/tags as JSON text. */
export function serialiseTags(answers: readonly { readonly metric: string; readonly tags: TagSets }[]): string {
  const queries = answers.map(
    ({ metric, tags }) => `{"results":[{"name":${JSON.stringify(metric)},"tags":${tagsText(tags)},"values":[]}]}`,
  )
  return `{"queries":[${queries.join()}]}`
}

function tagsText(tags: TagSets): string {
  return JSON.stringify(Object.fromEntries(tags))
}

function* pointsText(points: PointColumns): Generator<string, void, undefined> {
  const { count } = points
  const buffer = new AsciiBuffer(Math.min(count, POINTS_AT_A_TIME) * POINT_LENGTH)
  for (let from = 0; from < count; from += POINTS_AT_A_TIME) {
    const to = Math.min(count, from + POINTS_AT_A_TIME)
    if (points.texts === undefined || points.texts.size === 0) {
      writeNumbers(buffer, points, from, to)
      yield buffer.take()
    } else yield textsOfTexts(points, from, to)
  }
}

/** Points `from` (inclusive) to `to` (exclusive), none of which is a text, with a comma before each but the very first. */
function writeNumbers(buffer: AsciiBuffer, points: PointColumns, from: number, to: number): void {
  const { times, values, kinds } = points
  for (let i = from; i < to; i++) {
    buffer.text(i === 0 ? '[' : ',[')
    buffer.integer(times[i]!)
    buffer.text(',')
    const value = values[i]!
    const kind = kinds[i]! & (KIND_FLOAT | KIND_BIG | KIND_NULL)
    // a whole double looks like an integer up to where Java writes an exponent; -0 keeps its sign
    if (kind === 0 || (kind === KIND_FLOAT && isPlainWhole(value))) buffer.integer(value)
    else if (kind === KIND_FLOAT && value !== 0) buffer.double(value)
    else buffer.text(valueText(points, i))
    buffer.text(']')
  }
}

function isPlainWhole(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < FIRST_EXPONENT && !Object.is(value, -0)
}

/** Points of which some are texts. */
function textsOfTexts(points: PointColumns, from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += `${i === 0 ? '' : ','}[${points.times[i]},${valueText(points, i)}]`
  return text
}

function valueText(points: PointColumns, index: number): string {
  const kind = points.kinds[index]!
  if ((kind & KIND_NULL) !== 0) return 'null'
  if ((kind & KIND_TEXT) !== 0) return JSON.stringify(points.texts?.get(index) ?? '')
  const value = points.values[index]!
  if ((kind & KIND_FLOAT) === 0) return (kind & KIND_BIG) === 0 ? String(value) : String(integerAt(points, index))
  const text = doubleText(value)
  return text.endsWith('.0') ? text.slice(0, -2) : text
}
