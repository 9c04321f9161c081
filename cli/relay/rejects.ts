import { appendFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes from which on a new file begins; the one before is kept. */
const FILE_BYTES = 64 * 1024 * 1024

/** Points that the server refused for what they are: a line of JSON each, `{"time","error","datapoint"}`. */
export class RejectsFile {
  readonly #path: string
  readonly #before: string

  constructor(dir: string) {
    this.#path = join(dir, 'rejects.jsonl')
    this.#before = join(dir, 'rejects.1.jsonl')
  }

  /** @param rejects points as JSON and why each was refused */
  async add(rejects: readonly { readonly point: string; readonly reason: string }[]): Promise<void> {
    if (rejects.length === 0) return
    const size = await stat(this.#path).then(
      (found) => found.size,
      () => 0,
    )
    if (size >= FILE_BYTES) await rename(this.#path, this.#before)
    const time = new Date().toISOString()
    const lines = rejects.map(
      ({ point, reason }) => `{"time":"${time}","error":${JSON.stringify(reason)},"datapoint":${point}}\n`,
    )
    await appendFile(this.#path, lines.join(''))
  }
}
