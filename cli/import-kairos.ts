import { type LineRun, readLines } from '../lib/ingest/lines.ts'
import { isRecord, tryJson } from '../lib/model/json.ts'
import { Client, refusal } from './client.ts'
import type { ImportOptions } from './import.ts'
import { openSource, STDIN, totalBytes } from './import-source.ts'
import { counted, type Io, write } from './io.ts'
import { type Progress, startProgress } from './progress.ts'

/** A line of KairosDB's export: its points, and the JSON around them. */
export interface ExportLine {
  /** Up to the first point. */
  readonly head: string
  /** Each as it stands there, `[1356998400000,42,"long"]`. */
  readonly points: readonly string[]
  /** From behind the last point on. */
  readonly tail: string
}

/** A line holds what a series has in three weeks. At a point a second and thirty bytes a point that is 55 MB. */
const LONGEST_LINE_BYTES = 256 * 1024 * 1024
/** Characters of JSON in a request: packed well under the 6 MB and 10 MB that gateways allow. */
const REQUEST_CHARACTERS = 2 * 1024 * 1024

/**
 * Takes a line of KairosDB's export apart, `{"name": ..., "tags": {...}, "datapoints": [[time, value, type], ...]}`. Its points are cut out as
 * they stand, so that every digit stays.
 * @returns undefined where the line is none
 */
export function readExportLine(text: string): ExportLine | undefined {
  const points: string[] = []
  const token = /["[\]{}]/g
  let [depth, listFrom, pointFrom, key] = [0, -1, 0, '']
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [word] = found
    if (word === '"') {
      const end = endOfString(text, found.index)
      if (end === undefined) return undefined
      if (depth === 1) key = text.slice(found.index, end)
      token.lastIndex = end
    } else if (word === '[' || word === '{') {
      depth++
      if (depth === 2 && word === '[' && key === '"datapoints"') listFrom = token.lastIndex
      else if (depth === 3) pointFrom = found.index
    } else {
      depth--
      if (listFrom < 0) continue
      if (depth === 2) points.push(text.slice(pointFrom, token.lastIndex))
      if (depth === 1) return { head: text.slice(0, listFrom), points, tail: text.slice(found.index) }
    }
  }
  return undefined
}

/**
 * By hand: a regular expression that follows a string runs out of stack on one of some MB.
 * @param at of the quote that begins it
 * @returns the index behind the quote that ends it; undefined where none does
 */
function endOfString(text: string, at: number): number | undefined {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end + 1
  }
  return undefined
}

/**
 * Sends KairosDB's exports to a server, by KairosDB's API, one request after the other. Lines that can't be read or are refused are reported on
 * stderr, with their file, number and reason, and the rest goes on. Memory holds a line.
 * @returns 0 where every point is in, 1 where some were bad
 * @throws TsdbError as importFiles does
 */
export async function importKairos(options: ImportOptions, io: Io): Promise<number> {
  const total = await totalBytes(options.files)
  const run = new KairosImport(options, io, startProgress(io, total))
  try {
    for (const file of options.files) await run.file(file)
  } finally {
    run.stop()
    const bad = run.bad === 0 ? '' : `; ${counted(run.bad, 'bad line')}`
    await write(io.stdout, `Imported ${counted(run.accepted, 'point')}${bad}\n`)
  }
  return run.bad === 0 ? 0 : 1
}

/** Points of a line on their way into a request. */
class Part {
  readonly line: number
  readonly json: string
  readonly #of: ExportLine

  constructor(line: number, of: ExportLine) {
    this.line = line
    this.json = `${of.head}${of.points.join(',')}${of.tail}`
    this.#of = of
  }

  get count(): number {
    return this.#of.points.length
  }

  /** The same points in parts of at most so many. */
  cut(most: number): Part[] {
    const { points } = this.#of
    const count = Math.ceil(points.length / most)
    return Array.from(
      { length: count },
      (_, i) => new Part(this.line, { ...this.#of, points: points.slice(i * most, (i + 1) * most) }),
    )
  }
}

class KairosImport {
  accepted = 0
  readonly #badLines = new Set<string>()
  readonly #options: ImportOptions
  readonly #io: Io
  readonly #progress: Progress
  readonly #client: Client
  #bytes = 0

  constructor(options: ImportOptions, io: Io, progress: Progress) {
    const { url, token } = options
    this.#options = options
    this.#io = io
    this.#progress = progress
    const onRetry = (why: string, waitMs: number): void =>
      progress.note(`${url}: ${why}; trying again in ${(waitMs / 1000).toFixed(1)} s`)
    this.#client = new Client({ url, token, onRetry })
  }

  get bad(): number {
    return this.#badLines.size
  }

  async file(file: string): Promise<void> {
    const name = file === STDIN ? 'stdin' : file
    const chunks = openSource(file, this.#io.stdin, (count) => {
      this.#bytes += count
    })
    let [parts, count, characters]: [Part[], number, number] = [[], 0, 0]
    const send = async () => {
      try {
        if (parts.length > 0) await this.#send(name, parts)
      } catch (error) {
        this.#progress.note(`${name}:${parts[0]?.line}-${parts.at(-1)?.line}: may not be in`)
        throw error
      }
      ;[parts, count, characters] = [[], 0, 0]
    }
    for await (const part of this.#parts(name, readLines(chunks, LONGEST_LINE_BYTES))) {
      count += part.count
      characters += part.json.length + 1
      if (count > this.#options.batch || characters > REQUEST_CHARACTERS) {
        await send()
        ;[count, characters] = [part.count, part.json.length + 1]
      }
      parts.push(part)
    }
    await send()
  }

  stop(): void {
    this.#progress.stop()
  }

  async *#parts(name: string, runs: AsyncIterable<LineRun>): AsyncGenerator<Part> {
    for await (const run of runs) {
      for (const [i, text] of run.texts.entries()) {
        const line = run.first + i
        if (text?.trim() === '') continue
        const read = text === undefined ? undefined : readExportLine(text)
        if (read === undefined) this.#report(name, line, 'It is no line of an export by KairosDB')
        else yield* new Part(line, read).cut(this.#options.batch)
      }
    }
  }

  async #send(file: string, parts: readonly Part[]): Promise<void> {
    const path = this.#options.sync ? 'api/v1/datapoints?sync' : 'api/v1/datapoints'
    const answer = await this.#client.postJson(path, `[${parts.map(({ json }) => json).join(',')}]`)
    const faults = answer.status === 400 ? faultsOf(parts, answer.text) : []
    const isTooMuch = answer.status === 413 && countOf(parts) > 1
    // Whose fault it is shows where each goes alone; what was stored already is not changed by coming again.
    if (isTooMuch || (parts.length > 1 && faults.some(({ part }) => part === undefined))) {
      for (const half of halves(parts)) await this.#send(file, half)
    } else if (answer.status === 204 || faults.length > 0) this.#settle(file, parts, faults)
    else throw refusal(answer)
    this.#progress.update(this.#bytes, this.accepted)
  }

  /** Counts what is in and reports what is not. */
  #settle(file: string, parts: readonly Part[], faults: readonly Fault[]): void {
    const bad = new Set<Part>()
    for (const { part = parts[0], reason } of faults) {
      if (part === undefined) continue
      bad.add(part)
      this.#report(file, part.line, reason)
    }
    this.accepted += countOf(parts.filter((part) => !bad.has(part)))
  }

  #report(file: string, line: number, reason: string): void {
    this.#badLines.add(`${file}:${line}`)
    this.#progress.note(`${file}:${line}: ${reason}`)
  }
}

/** A rule that a part breaks; undefined where the answer does not say which. */
interface Fault {
  readonly part: Part | undefined
  readonly reason: string
}

/** What an answer complains of: it says `metric[2](name=...)` of the third part. */
function faultsOf(parts: readonly Part[], text: string): Fault[] {
  const said: unknown = tryJson(text)
  const errors = isRecord(said) && Array.isArray(said.errors) ? said.errors.map(String) : []
  return errors.map((error) => ({
    part: parts[Number(/^metric\[(\d+)\]/.exec(error)?.[1])],
    reason: error.replace(/^metric\[\d+\]/, 'metric'),
  }))
}

function halves(parts: readonly Part[]): (readonly Part[])[] {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only.cut(Math.ceil(only.count / 2)).map((part) => [part])
  const middle = parts.length >> 1
  return [parts.slice(0, middle), parts.slice(middle)]
}

function countOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.count, 0)
}
