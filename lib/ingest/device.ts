import { KIND_FLOAT, KIND_MS, type PointBatch, PointColumnsBuilder } from '../model/points.ts'
import type { SeriesName } from '../model/series.ts'
import { type DeviceMapping, type DeviceRule, ruleFor, type Template, toName } from './device-mapping.ts'
import { isJsonObject, type Json, JsonNumber, type JsonObject } from './exact-json.ts'
import type { Faults } from './faults.ts'
import { type ParsedValue, readValue } from './validate.ts'

/** What a message says of itself besides its fields. */
export interface DeviceEnvelope {
  readonly topic: string
  readonly clientId: string
  /** Milliseconds since 1970 at which the broker took the message. */
  readonly timeMs: number
}

/** The field name of a message that is a bare number or boolean. */
const BARE_FIELD = 'value'
/** Numbers from here on are seconds since 1970 (2001), and a thousand times that milliseconds; below, a clock was never set. */
const EARLIEST_TIME = 1e9
const LATEST_TIME = 2 ** 32
/** Without its zone a time would be read as that of whatever machine reads it. */
const ISO_WITH_ZONE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/

/**
 * Makes points of one device message that is fields, not OpenTSDB points: one point of each numeric or boolean field.
 * @param message the payload
 * @param faults gets every field that can't be a point, by its dotted path, and why
 */
export function pointsOfFields(
  message: Json,
  envelope: DeviceEnvelope,
  mapping: DeviceMapping,
  faults: Faults,
): PointBatch {
  const series: SeriesName[] = []
  const points = new PointColumnsBuilder(8)
  const batch = () => ({ series, seriesOf: Uint32Array.from(series.keys()), points })
  const rule = ruleFor(mapping, envelope.topic)
  if (rule === undefined) {
    faults.add('', `no device mapping is for the topic "${envelope.topic}"`)
    return batch()
  }
  const fields = flatten(message)
  const candidates = [...fields].filter(([path]) => path.startsWith(rule.below))
  if (candidates.length === 0) faults.add('', `the message has no fields${rule.below && ` below ${rule.below}`}`)
  const time = timeOf(fields, rule, envelope)
  if (typeof time === 'string') {
    faults.add('', time)
    return batch()
  }
  const fieldOfSeries = new Map<string, string>()
  for (const [path, value] of candidates) {
    if (rule.named.has(path) || isIgnored(path, rule)) continue
    const number = numberOf(value)
    if (typeof number === 'string') {
      faults.add(`field ${path}`, number)
      continue
    }
    const name = seriesOfField(path.slice(rule.below.length), rule, envelope, fields)
    if (typeof name === 'string') {
      faults.add(`field ${path}`, name)
      continue
    }
    const key = JSON.stringify(name)
    const other = fieldOfSeries.get(key)
    if (other !== undefined) {
      faults.add(`field ${path}`, `has the same series as the field ${other}: ${name.metric}`)
      continue
    }
    fieldOfSeries.set(key, path)
    series.push(name)
    if (number.big !== undefined) points.pushInteger(time.ms, number.big, time.kind)
    else points.push(time.ms, number.value, time.kind | (number.float ? KIND_FLOAT : 0))
  }
  return batch()
}

/** Leaves by dotted path; an array is a leaf. */
function flatten(message: Json): Map<string, Json> {
  const fields = new Map<string, Json>()
  const add = (object: JsonObject, prefix: string): void => {
    for (const [name, value] of object) {
      if (isJsonObject(value)) add(value, `${prefix}${name}.`)
      else fields.set(prefix + name, value)
    }
  }
  if (isJsonObject(message)) add(message, '')
  else fields.set(BARE_FIELD, message)
  return fields
}

function isIgnored(path: string, rule: DeviceRule): boolean {
  return rule.ignore.some((name) =>
    name === '*' || name.endsWith('.*') ? path.startsWith(name.slice(0, -1)) : path === name,
  )
}

/** @returns the number, or why the value is none */
function numberOf(value: Json): ParsedValue | string {
  if (typeof value === 'boolean') return { float: false, value: value ? 1 : 0 }
  if (value instanceof JsonNumber) {
    const number = readValue(value.text)
    if (number === undefined) return `${value.text} is an integer of more than 64 bits`
    return Number.isFinite(number.value) ? number : `${value.text} is more than a double can hold`
  }
  const what = value === null ? 'null' : typeof value === 'string' ? 'a string' : 'an array'
  return `${what} can't be a point; the device mapping may name it in a tag or under "ignore"`
}

/** @returns the time and its KIND_MS bit, or why the message has none */
function timeOf(
  fields: ReadonlyMap<string, Json>,
  rule: DeviceRule,
  envelope: DeviceEnvelope,
): { ms: number; kind: number } | string {
  for (const field of rule.time) {
    const value = fields.get(field)
    if (value === undefined || value === null) continue
    const number = value instanceof JsonNumber ? Number(value.text) : Number.NaN
    if (number >= EARLIEST_TIME && number < LATEST_TIME) {
      return { ms: Math.round(number * 1000), kind: Number.isInteger(number) ? 0 : KIND_MS }
    }
    if (number >= EARLIEST_TIME * 1000 && number < LATEST_TIME * 1000) return { ms: Math.floor(number), kind: KIND_MS }
    if (typeof value === 'string' && ISO_WITH_ZONE.test(value)) {
      const ms = Date.parse(value)
      if (ms >= 0 && ms < LATEST_TIME * 1000) return { ms, kind: ms % 1000 === 0 ? 0 : KIND_MS }
    }
    const shown = value instanceof JsonNumber ? value.text : JSON.stringify(value)
    return `the time field ${field} is ${shown}, neither seconds nor milliseconds since 1970 nor an ISO 8601 time with its zone`
  }
  return { ms: envelope.timeMs, kind: KIND_MS }
}

/** @returns the series' names, or what of the metric or the tags the message lacks */
function seriesOfField(
  field: string,
  rule: DeviceRule,
  envelope: DeviceEnvelope,
  fields: ReadonlyMap<string, Json>,
): SeriesName | string {
  const metric = render(rule.metric, field, envelope, fields)
  if (metric === undefined) return 'the message lacks what the metric is made of'
  const tags = rule.tags.flatMap(([tagk, template]) => {
    const tagv = render(template, field, envelope, fields)
    return tagv === undefined ? [] : [[tagk, tagv] as const]
  })
  return tags.length === 0 ? 'the message lacks what the tags are made of' : { metric, tags }
}

/** @returns a legal name; undefined where the message lacks a part of it */
function render(
  template: Template,
  field: string,
  envelope: DeviceEnvelope,
  fields: ReadonlyMap<string, Json>,
): string | undefined {
  let text = ''
  for (const part of template) {
    const piece = pieceOf(part, field, envelope, fields)
    if (piece === undefined || piece === '') return undefined
    text += piece
  }
  return toName(text)
}

function pieceOf(
  part: Template[number],
  field: string,
  envelope: DeviceEnvelope,
  fields: ReadonlyMap<string, Json>,
): string | undefined {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'topic':
      return envelope.topic
    case 'level':
      return envelope.topic.split('/').at(part.level > 0 ? part.level - 1 : part.level)
    case 'clientId':
      return envelope.clientId
    case 'field':
      return field
    case 'payload': {
      const value = fields.get(part.path)
      if (value instanceof JsonNumber) return value.text
      return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined
    }
  }
}
