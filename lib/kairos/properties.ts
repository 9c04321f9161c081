import { asDouble, asInteger, asObject, asText } from './coerce.ts'
import { KairosRequestError } from './errors.ts'
import { type Json, JsonNumber, type JsonObject } from './lenient-json.ts'
import type { Sampling } from './ranges.ts'
import { TIME_UNITS, type TimeUnit } from './time-unit.ts'
import { type Zone, zoneOf } from './zone.ts'

/** Takes the value of a property. @param field how messages name it; @param context how they name the object it is of */
export type Setter = (value: Json, field: string, context: string) => void

/**
 * Reads the properties of an aggregator or grouping, all but its name.
 * @param name of the aggregator or grouping
 * @param context how messages name the object: `query.metric[0].aggregators[1]`
 * @throws KairosRequestError for a property that it does not have or a value that is none
 */
export function readProperties(
  json: JsonObject,
  name: string,
  context: string,
  setters: Readonly<Record<string, Setter>>,
): void {
  for (const [property, value] of json) {
    if (property === 'name') continue
    const setter = Object.hasOwn(setters, property) ? setters[property] : undefined
    if (setter === undefined) {
      throw new KairosRequestError(
        `Property '${property}' was specified for object '${name}' but no matching setter was found`,
      )
    }
    const field = `${context}.${property}`
    if (value === null) throw new KairosRequestError(`${field} may not be null`)
    setter(value, field, context)
  }
}

/**
 * A unit of time by its name, in any case.
 * @param context how messages name the object that has it
 */
export function asTimeUnit(value: Json, field: string, context: string): TimeUnit {
  const text = asText(value, field)
  const unit = TIME_UNITS.find((one) => one === text.toLowerCase())
  if (unit !== undefined) return unit
  const units = TIME_UNITS.map((one) => one.toUpperCase()).join()
  throw new KairosRequestError(`${context}.${text} is not a valid time unit, must be one of ${units}`)
}

/** A time zone by its name; '' is UTC. @param context how messages name the object that has it */
export function asZone(value: Json, field: string, context: string): Zone {
  const text = asText(value, field)
  const zone = zoneOf(text === '' ? 'UTC' : text)
  if (zone !== undefined) return zone
  throw new KairosRequestError(
    `${context}.${text} is not a valid time zone, must be one of [names of the time zone database, or +02:00]`,
  )
}

/**
 * `{"value":1,"unit":"hours"}`: a length of time. Without a value it is 0.
 * @param context how messages name the object that has it
 */
export function asDuration(value: Json, field: string, context: string): Sampling {
  const json = asObject(value, field)
  const [count = null, unit = null] = [json.get('value'), json.get('unit')]
  const duration = {
    value: count === null ? 0 : asInteger(count, 64, `${field}.value`),
    unit: unit === null ? undefined : asTimeUnit(unit, `${field}.unit`, context),
  }
  const errors: string[] = []
  if (duration.value < 0) errors.push(`${field}.value must be greater than or equal to 0`)
  if (duration.unit === undefined) errors.push(`${field}.unit may not be null`)
  if (errors.length > 0 || duration.unit === undefined) throw new KairosRequestError(...errors)
  return { value: duration.value, unit: duration.unit }
}

/** One of some words, in lower case as KairosDB wants it. */
export function asWord<T extends string>(value: Json, words: readonly T[], field: string): T {
  const text = asText(value, field)
  const word = words.find((one) => one === text)
  if (word === undefined) throw new KairosRequestError(`${field} must be one of ${words.join(', ')}: ${text}`)
  return word
}

/** One of some words, in any case. @param rule what KairosDB says of any other, behind its context and the word */
export function asKeyword<T extends string>(
  value: Json,
  words: readonly T[],
  field: string,
  context: string,
  rule: string,
): T {
  const text = asText(value, field)
  const word = words.find((one) => one === text.toLowerCase())
  if (word === undefined) throw new KairosRequestError(`${context}.${text} ${rule}`)
  return word
}

/** What a point's value is compared with: a number or a text; anything else is like no value. */
export function asThreshold(value: Json, field: string): number | string | undefined {
  if (value instanceof JsonNumber) return asDouble(value, field)
  return typeof value === 'string' ? value : undefined
}
