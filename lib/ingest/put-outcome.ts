import { isRecord, tryJson } from '../model/json.ts'

/** What the server says became of the points of a put. */
export interface PutOutcome {
  /** Points that were not taken. */
  readonly failed: number
  /** Those that it lists; where there are very many it lists the first alone. */
  readonly refused: readonly RefusedPoint[]
}

export interface RefusedPoint {
  /** Position in the request; undefined where the answer is about none that is in it. */
  readonly index: number | undefined
  readonly reason: string
}

/**
 * Reads the answer to a put with `?details` and finds the points that it is about. OpenTSDB echoes a bad point without saying
 * which one it was, so it is found again by what it says; of equal ones the first that is not taken yet.
 * @param points those that were sent, each as JSON
 * @param text `{"success":1,"failed":1,"errors":[{"datapoint":{...},"error":"..."}]}`
 * @returns undefined where the text is something else
 */
export function readPutOutcome(points: readonly string[], text: string): PutOutcome | undefined {
  const said = tryJson(text)
  if (!isRecord(said) || !Array.isArray(said.errors) || typeof said.failed !== 'number') return undefined
  const { failed } = said
  const errors = said.errors.filter(isRecord)
  if (errors.length === 0) return { failed, refused: [] }

  const indexesOf = new Map<string, number[]>()
  for (const [index, point] of points.entries()) {
    const identity = identityOf(JSON.parse(point))
    const indexes = indexesOf.get(identity)
    if (indexes === undefined) indexesOf.set(identity, [index])
    else indexes.push(index)
  }
  const refused = errors.map(({ datapoint, error }) => ({
    index: indexesOf.get(identityOf(datapoint))?.shift(),
    reason: String(error),
  }))
  return { failed, refused }
}

/** A value is echoed as a text, with the digits that were sent: `1.50` is the number 1.5. */
function identityOf(point: unknown): string {
  if (!isRecord(point)) return ''
  const number = Number(point.value)
  const value = Number.isNaN(number) ? String(point.value) : String(number)
  const tags = isRecord(point.tags) ? Object.entries(point.tags).sort(([a], [b]) => (a < b ? -1 : 1)) : []
  return JSON.stringify([point.metric, String(point.timestamp), value, tags])
}
