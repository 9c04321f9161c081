import { type LineRun, readLines } from '../lib/ingest/lines.ts'
import { Client, refusal } from './client.ts'
import { ImportBatch } from './import-batch.ts'
import { parseImportLine } from './import-line.ts'
import { openSource, STDIN, totalBytes } from './import-source.ts'
import { counted, grouped, type Io, write } from './io.ts'
import { type Progress, startProgress } from './progress.ts'

/** What `tsdb import` was asked to do. */
export interface ImportOptions {
  readonly files: readonly string[]
  readonly url: string
  readonly token?: string | undefined
  /** Points in a request. */
  readonly batch: number
  /** Requests on their way at once. */
  readonly connections: number
  /** Wait for each request until its points can be read. */
  readonly sync: boolean
}

/** Everything is in. */
const EXIT_ALL_IN = 0
/** Some lines are not, each is reported; all others are. */
const EXIT_SOME_BAD = 1

/** Eight tags of twice 256 bytes are a quarter of it; what is longer than this is no line of points. */
const LONGEST_LINE_BYTES = 16 * 1024

/** Characters of JSON in a request: packed well under the 6 MB and 10 MB that gateways allow. */
const BATCH_CHARACTERS = 2 * 1024 * 1024

/**
 * Sends the points of files to a server. Lines that can't be read or are refused are reported on stderr, with their
 * file, number and reason, and the rest goes on. Memory holds a chunk of input and the batches on their way, however
 * large the files are.
 * @returns 0 where every line is in, 1 where some were bad
 * @throws TsdbError where it could not go on: a file can't be read, the server is away or refuses; what it says goes
 *   after the summary of what is in
 */
export async function importFiles(options: ImportOptions, io: Io): Promise<number> {
  const total = await totalBytes(options.files)
  const run = new ImportRun(options, io, startProgress(io, total))
  const started = performance.now()
  try {
    try {
      for (const file of options.files) await run.file(file)
    } finally {
      await run.finish()
    }
  } finally {
    run.stop()
    await write(io.stdout, summary(run, (performance.now() - started) / 1000))
  }
  return run.bad === 0 ? EXIT_ALL_IN : EXIT_SOME_BAD
}

function summary(run: ImportRun, seconds: number): string {
  const rate = grouped(run.accepted / Math.max(seconds, 0.001))
  const bad = run.bad === 0 ? '' : `; ${counted(run.bad, 'bad line')}`
  return `Imported ${counted(run.accepted, 'point')} in ${seconds.toFixed(1)} s (${rate} points/s)${bad}\n`
}

/** One import: the counts so far and the requests on their way. */
class ImportRun {
  accepted = 0
  bad = 0
  readonly #options: ImportOptions
  readonly #progress: Progress
  readonly #client: Client
  readonly #stdin: Io['stdin']
  readonly #path: string
  readonly #abort = new AbortController()
  readonly #onTheirWay = new Set<Promise<void>>()
  #failure: unknown
  #bytes = 0

  constructor(options: ImportOptions, io: Io, progress: Progress) {
    this.#options = options
    this.#progress = progress
    this.#stdin = io.stdin
    this.#path = options.sync ? 'api/put?details&sync' : 'api/put?details'
    this.#client = new Client({
      url: options.url,
      token: options.token,
      onRetry: (why, waitMs) =>
        progress.note(`${options.url}: ${why}; trying again in ${(waitMs / 1000).toFixed(1)} s`),
    })
  }

  /**
   * Reads a file and sends its points; the last requests may still be on their way afterwards. Where the file breaks
   * off, what could be read is sent all the same.
   */
  async file(file: string): Promise<void> {
    const name = file === STDIN ? 'stdin' : file
    const chunks = openSource(file, this.#stdin, (count) => {
      this.#bytes += count
    })
    let batch = new ImportBatch(name)
    try {
      for await (const run of readLines(chunks, LONGEST_LINE_BYTES)) {
        for (const [line, point] of this.#points(name, run)) {
          batch.add(line, point)
          if (batch.count < this.#options.batch && batch.characters < BATCH_CHARACTERS) continue
          const full = batch
          batch = new ImportBatch(name)
          await this.#submit(full)
        }
      }
    } finally {
      if (batch.count > 0) await this.#submit(batch)
    }
  }

  /** Waits for what is on its way. */
  async finish(): Promise<void> {
    await Promise.all(this.#onTheirWay)
    this.#throwFailure()
  }

  /** Stops what is still on its way, if anything is. */
  stop(): void {
    this.#abort.abort()
    this.#progress.stop()
  }

  *#points(name: string, run: LineRun): Generator<[line: number, point: string]> {
    for (const [i, text] of run.texts.entries()) {
      const line = run.first + i
      const parsed = text === undefined ? { bad: `longer than ${LONGEST_LINE_BYTES} bytes` } : parseImportLine(text)
      if (parsed === undefined) continue
      if ('point' in parsed) yield [line, parsed.point]
      else {
        this.bad++
        this.#report(name, line, parsed.bad)
      }
    }
  }

  #report(name: string, line: number, reason: string): void {
    this.#progress.note(`${name}:${line}: ${reason}`)
  }

  /** Sends a batch as soon as fewer than the allowed number are on their way. */
  async #submit(batch: ImportBatch): Promise<void> {
    while (this.#onTheirWay.size >= this.#options.connections) await Promise.race(this.#onTheirWay)
    this.#throwFailure()
    const sending = this.#send(batch)
      .catch((error: unknown) => {
        this.#failure ??= error
        this.#abort.abort()
        this.#progress.note(`${batch.file}:${batch.firstLine}-${batch.lastLine}: may not be in`)
      })
      .finally(() => {
        this.#onTheirWay.delete(sending)
        this.#progress.update(this.#bytes, this.accepted)
      })
    this.#onTheirWay.add(sending)
  }

  async #send(batch: ImportBatch): Promise<void> {
    const answer = await this.#client.postJson(this.#path, batch.json(), this.#abort.signal)
    if (answer.status === 413 && batch.count > 1) {
      for (const half of batch.halves()) await this.#send(half)
      return
    }
    const outcome = answer.status === 204 ? { accepted: batch.count, refused: 0, bad: [] } : batch.outcome(answer.text)
    if (outcome !== undefined) {
      this.accepted += outcome.accepted
      this.bad += outcome.refused
      for (const { line, reason } of outcome.bad) this.#report(batch.file, line, reason)
    } else if (answer.status === 413) {
      this.bad++
      this.#report(batch.file, batch.firstLine, refusal(answer).message)
    } else {
      throw refusal(answer)
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
