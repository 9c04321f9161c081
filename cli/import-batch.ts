import { readPutOutcome } from '../lib/ingest/put-outcome.ts'

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
   * Reads the answer to `?details` and finds the lines it is about.
   * @returns undefined where the text is something else
   */
  outcome(text: string): Outcome | undefined {
    const said = readPutOutcome(this.#points, text)
    if (said === undefined) return undefined
    const bad = said.refused.map(({ index, reason }) => ({ line: this.#lines[index ?? 0] ?? this.firstLine, reason }))
    return { accepted: this.count - said.failed, refused: said.failed, bad }
  }
}
