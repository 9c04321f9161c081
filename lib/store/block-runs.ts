import type { BlockPlace } from './keys.ts'
import type { ShelfHour } from './ledger-hour.ts'

/** One writer's blocks of an hour of a shelf: it numbers them from 0 on, so that who has read some knows where others may be. */
class BlockRun {
  readonly #run: number
  #next = 0

  constructor(run: number) {
    this.#run = run
  }

  take(): BlockPlace {
    return { run: this.#run, number: this.#next++ }
  }
}

/** The runs of the hours that a writer opened. */
export class BlockRuns {
  readonly #runs = new Map<string, BlockRun>()

  get size(): number {
    return this.#runs.size
  }

  has(hour: ShelfHour): boolean {
    return this.#runs.has(nameOf(hour))
  }

  /** @param run that nobody else has of the hour, and the next after those that others have, or nearly */
  begin(hour: ShelfHour, run: number): void {
    this.#runs.set(nameOf(hour), new BlockRun(run))
  }

  /** Takes over the run of an hour from others, with the numbers that are taken of it. */
  share(hour: ShelfHour, others: BlockRuns): void {
    const run = others.#runs.get(nameOf(hour))
    if (run !== undefined) this.#runs.set(nameOf(hour), run)
  }

  /** The next place in an hour's run. @throws Error where the hour has none */
  take(hour: ShelfHour): BlockPlace {
    const run = this.#runs.get(nameOf(hour))
    if (run === undefined) throw new Error(`The hour ${nameOf(hour)} is not open`)
    return run.take()
  }

  end(hour: ShelfHour): void {
    this.#runs.delete(nameOf(hour))
  }

  clear(): void {
    this.#runs.clear()
  }
}

function nameOf({ shelf, baseTime }: ShelfHour): string {
  return `${shelf}/${baseTime}`
}
