import { KIND_BIG, KIND_FLOAT, KIND_MS, KIND_TEXT, type PointBatch } from '../model/points.ts'
import type { SentTag } from './tag-set.ts'

/** A point as it was sent, for showing it to who sent it; null where it did not say. */
export interface EchoedPoint {
  readonly metric: string | null
  /** Digits. */
  readonly timestamp: string
  readonly value: string | null
  readonly tags: readonly SentTag[] | null
}

/** Longest text that is shown in full; an answer must not grow with one bad field. */
const SHOWN_CHARACTERS = 1024

/** JSON text of a string, cut where it is very long. */
function quoted(text: string): string {
  return JSON.stringify(text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`)
}

/**
 * A point as OpenTSDB lists it among the errors: fields that were not given are absent, the value is a text.
 * @returns JSON text
 */
export function echoPoint(point: EchoedPoint): string {
  const fields: string[] = []
  if (point.metric !== null) fields.push(`"metric":${quoted(point.metric)}`)
  fields.push(`"timestamp":${point.timestamp}`)
  if (point.value !== null) fields.push(`"value":${quoted(point.value)}`)
  if (point.tags !== null) {
    const tags = point.tags.map(([tagk, tagv]) => `${quoted(tagk)}:${tagv === null ? 'null' : quoted(tagv)}`)
    fields.push(`"tags":{${tags.join(',')}}`)
  }
  return `{${fields.join(',')}}`
}

/**
 * A good point that could not be stored, as echoPoint has it. Its value is written anew: `1.50` comes back as `1.5`.
 * @param index the point's position in the batch
 * @returns JSON text
 */
export function echoBatchPoint(batch: PointBatch, index: number): string {
  const { times, values, kinds, bigs, texts } = batch.points
  const kind = kinds[index] ?? 0
  const time = times[index] ?? 0
  const series = batch.series[batch.seriesOf[index] ?? 0]
  const value = values[index] ?? 0
  const integer = (kind & KIND_BIG) !== 0 ? String(bigs.get(index)) : String(value)
  const number = (kind & KIND_FLOAT) !== 0 ? doubleText(value) : integer
  return echoPoint({
    metric: series?.metric ?? null,
    timestamp: String((kind & KIND_MS) !== 0 ? time : time / 1000),
    value: (kind & KIND_TEXT) !== 0 ? (texts?.get(index) ?? '') : number,
    tags: series?.tags ?? null,
  })
}

/** Keeps a double recognisable as one. */
function doubleText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
