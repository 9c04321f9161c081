import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Steps that are known not to pass, with the reason: `GROUP: STEP`, `GROUP: START OF STEPS*`, or `GROUP` for all of it.
 * A step named in full that passes after all fails the run, as does a line that no failing step needs, so the lists only shrink.
 */
export class Exceptions {
  readonly #reasons: ReadonlyMap<string, string>
  readonly #used = new Set<string>()

  /** @param reasons by what they except */
  constructor(reasons: Readonly<Record<string, string>>) {
    this.#reasons = new Map(Object.entries(reasons))
  }

  /** Reads `not-built-yet.json`, what is still to come, and `differs.json`, what is otherwise on purpose. */
  static read(): Exceptions {
    const read = (file: string) => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8'))
    return new Exceptions({ ...read('not-built-yet.json'), ...read('differs.json') })
  }

  /** Whether a step may fail. */
  covers(group: string, step: string): boolean {
    return this.#lineFor(group, step) !== undefined
  }

  /** Why a step that failed may fail, if it may. */
  excuse(group: string, step: string): string | undefined {
    const line = this.#lineFor(group, step)
    if (line === undefined) return undefined
    this.#used.add(line)
    return this.#reasons.get(line)
  }

  /** Whether a step is excepted by its full name, so that it must fail. */
  names(group: string, step: string): boolean {
    return this.#reasons.has(`${group}: ${step}`)
  }

  /** The lines of these groups that no failing step needed. */
  unused(groups: readonly string[]): string[] {
    return [...this.#reasons.keys()].filter(
      (line) => groups.includes(line.split(': ')[0] ?? '') && !this.#used.has(line),
    )
  }

  #lineFor(group: string, step: string): string | undefined {
    const full = `${group}: ${step}`
    if (this.#reasons.has(full)) return full
    for (const line of this.#reasons.keys()) {
      if (line.endsWith('*') && full.startsWith(line.slice(0, -1))) return line
    }
    return this.#reasons.has(group) ? group : undefined
  }
}
