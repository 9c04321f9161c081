import type { Limits } from '../model/limits.ts'
import type { IndexedBatch } from './decode-record.ts'
import { type DeviceEnvelope, pointsOfFields } from './device.ts'
import type { DeviceMapping } from './device-mapping.ts'
import { isJsonObject, type Json, JsonNumber, type JsonObject, parseExactJson } from './exact-json.ts'
import { type Faults, whyOf } from './faults.ts'
import { parsePutBody } from './put-json.ts'
import { splitJsonValues } from './split-json.ts'

/**
 * Reads a record that is not packed: OpenTSDB points (one, an array, or one of either after the other) and device messages in
 * the envelope that the IoT rule puts them in, in any mix.
 * @param arrivalMs the time of messages whose envelope has none, milliseconds since 1970
 * @param faults gets what could not be read; once these are enough, the rest of the record is left unread
 */
export function readJsonRecord(
  bytes: Uint8Array,
  arrivalMs: number,
  mapping: DeviceMapping,
  limits: Limits,
  faults: Faults,
): IndexedBatch[] {
  const reader = new JsonRecordReader(mapping, limits, faults)
  const pieces = splitJsonValues(textOf(bytes))
  if (pieces.length === 0) faults.add('', 'The record is empty')
  for (const [i, piece] of pieces.entries()) {
    if (faults.areEnough) break
    const where = pieces.length === 1 ? '' : `value ${i}`
    const envelope = piece.includes('"payload"') ? envelopeOf(piece, limits) : undefined
    if (envelope === undefined) reader.readPoints(piece, where)
    else reader.readMessage(envelope, arrivalMs, where)
  }
  return reader.batches
}

/** Bytes that are not UTF-8 become U+FFFD, which no name may hold: the point or line that they are in is refused, not the record. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '')
}

/** @returns the members of a device's envelope, undefined where the text is something else */
function envelopeOf(text: string, limits: Limits): JsonObject | undefined {
  let value: Json
  try {
    value = parseExactJson(text, limits.jsonDepth)
  } catch {
    return undefined
  }
  if (!isJsonObject(value) || !value.has('payload') || value.has('metric')) return undefined
  return value.has('topic') || value.has('clientId') ? value : undefined
}

class JsonRecordReader {
  readonly batches: IndexedBatch[] = []
  readonly #mapping: DeviceMapping
  readonly #limits: Limits
  readonly #faults: Faults
  #received = 0

  constructor(mapping: DeviceMapping, limits: Limits, faults: Faults) {
    this.#mapping = mapping
    this.#limits = limits
    this.#faults = faults
  }

  readPoints(text: string, where: string): void {
    try {
      const { batch, received, errors, goodIndexes } = parsePutBody(text, this.#limits)
      const before = this.#received
      for (const { index, message } of errors) this.#faults.addPoint(before + index, message)
      this.batches.push({ batch, indexOf: (position) => before + (goodIndexes?.[position] ?? position) })
      this.#received += received
    } catch (error) {
      this.#faults.add(where, whyOf(error))
    }
  }

  readMessage(envelope: JsonObject, arrivalMs: number, where: string): void {
    const [payload, topic, clientId, time] = ['payload', 'topic', 'clientId', 'time'].map((name) => envelope.get(name))
    if (typeof payload !== 'string') {
      this.#faults.add(where, 'The payload of a device message must be base64 text')
      return
    }
    const about: DeviceEnvelope = {
      topic: typeof topic === 'string' ? topic : '',
      clientId: typeof clientId === 'string' ? clientId : '',
      timeMs: time instanceof JsonNumber ? Math.floor(Number(time.text)) : arrivalMs,
    }
    const pieces = splitJsonValues(textOf(Buffer.from(payload, 'base64')))
    if (pieces.length === 0) this.#faults.add(where, 'The message is empty')
    for (const piece of pieces) {
      if (this.#faults.areEnough) break
      this.#readPayload(piece, about, where)
    }
  }

  #readPayload(text: string, about: DeviceEnvelope, where: string): void {
    let value: Json
    try {
      value = parseExactJson(text, this.#limits.jsonDepth)
    } catch (error) {
      this.#faults.add(where, whyOf(error))
      return
    }
    const messages = Array.isArray(value) ? value : [value]
    if (messages.some(isPoint)) this.readPoints(text, where)
    else for (const message of messages) this.#addFields(message, about)
  }

  #addFields(message: Json, about: DeviceEnvelope): void {
    const batch = pointsOfFields(message, about, this.#mapping, this.#faults)
    const before = this.#received
    this.batches.push({ batch, indexOf: (position) => before + position })
    this.#received += batch.points.count
  }
}

/** A message is a point in OpenTSDB's sense by its metric's name and either of the other two members. */
function isPoint(value: Json): boolean {
  return (
    isJsonObject(value) && typeof value.get('metric') === 'string' && (value.has('timestamp') || value.has('value'))
  )
}
