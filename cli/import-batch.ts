import { isRecord, tryJson } from './client.ts'

/** A line that is not in, and why. */
export interface BadLine {
  readonly line: number
  readonly reason: string
}

/** What became of a batch. */
export interface Outcome {
  readonly accepted: number
  readonly refused: number
  /** Those that the server lists; where there are very many it lists the first alone. */
  readonly bad: readonly BadLine[]
}

/** Points on their way into one request, each with the number of the line it came from. */
export class ImportBatch {
  readonly file: string
  readonly #lines: number[] = []
  readonly #points: string[] = []
  #characters = 0

  constructor(file: string) {
    this.file = file
  }

  get count(): number {
    return this.#points.length
  }

  /** Length of the body in characters, which are bytes as long as names are ASCII. */
  get characters(): number {
    return this.#characters
  }

  get firstLine(): number {
    return this.#lines[0] ?? 0
  }

  get lastLine(): number {
    return this.#lines.at(-1) ?? 0
  }

  /** @param point a point as a JSON object */
  add(line: number, point: string): void {
    this.#lines.push(line)
    this.#points.push(point)
    this.#characters += point.length + 1
  }

  /** The request's body. */
  json(): string {
    return `[${this.#points.join(',')}]`
  }

  /** Two batches of half the points, for a server that finds this one too large. */
  halves(): [ImportBatch, ImportBatch] {
    const halves: [ImportBatch, ImportBatch] = [new ImportBatch(this.file), new ImportBatch(this.file)]
    const middle = this.count >> 1
    for (const [i, point] of this.#points.entries()) halves[i < middle ? 0 : 1].add(this.#lines[i] ?? 0, point)
    return halves
  }

  /**
   * Reads the answer to `?details` and finds the lines it is about. OpenTSDB echoes a bad point without saying which
   * one it was, so it is found again by what it says; of equal ones the first that is not taken yet.
   * @param text `{"success":1,"failed":1,"errors":[{"datapoint":{...},"error":"..."}]}`
   * @returns undefined where the text is something else
   */
  outcome(text: string): Outcome | undefined {
    const said = tryJson(text)
    if (!isRecord(said) || !Array.isArray(said.errors)) return undefined
    const errors = said.errors.filter(isRecord)
    if (errors.length === 0) return { accepted: this.count, refused: 0, bad: [] }

    const linesOf = new Map<string, number[]>()
    for (const [i, point] of this.#points.entries()) {
      const identity = identityOf(JSON.parse(point))
      const line = this.#lines[i] ?? 0
      const lines = linesOf.get(identity)
      if (lines === undefined) linesOf.set(identity, [line])
      else lines.push(line)
    }
    const bad = errors.map(({ datapoint, error }) => ({
      line: linesOf.get(identityOf(datapoint))?.shift() ?? this.firstLine,
      reason: String(error),
    }))
    const refused = typeof said.failed === 'number' ? said.failed : bad.length
    return { accepted: this.count - refused, refused, bad }
  }
}

function identityOf(point: unknown): string {
  if (!isRecord(point)) return ''
  const tags = isRecord(point.tags) ? Object.entries(point.tags).sort(([a], [b]) => (a < b ? -1 : 1)) : []
  return JSON.stringify([point.metric, String(point.timestamp), String(point.value), tags])
}
