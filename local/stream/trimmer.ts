/** Between two deletions of a shard's records. */
const BETWEEN_TRIMS_MS = 10_000

/**
 * Deletes what every mapping of a stream has dealt with. The cloud's stream keeps records for days; nothing local reads them
 * again, and the emulator would keep them for ever.
 */
export class Trimmer {
  readonly #trim: (stream: string, shardIndex: number, through: string) => void
  readonly #shards = new Map<string, { stream: string; shardIndex: number; readers: Map<string, string | undefined> }>()
  readonly #trimmed = new Map<string, string>()
  readonly #timer: NodeJS.Timeout

  constructor(trim: (stream: string, shardIndex: number, through: string) => void) {
    this.#trim = trim
    this.#timer = setInterval(() => this.trimNow(), BETWEEN_TRIMS_MS).unref()
  }

  /** Notes that a mapping has dealt with a shard up to and with this sequence number; `undefined` for nothing yet. */
  passed(mapping: string, stream: string, shardIndex: number, sequenceNumber: string | undefined): void {
    const key = `${stream}/${shardIndex}`
    const shard = this.#shards.get(key) ?? { stream, shardIndex, readers: new Map() }
    shard.readers.set(mapping, sequenceNumber)
    this.#shards.set(key, shard)
  }

  trimNow(): void {
    for (const [key, { stream, shardIndex, readers }] of this.#shards) {
      const through = slowest([...readers.values()])
      if (through === undefined || this.#trimmed.get(key) === through) continue
      this.#trimmed.set(key, through)
      this.#trim(stream, shardIndex, through)
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

function slowest(sequenceNumbers: readonly (string | undefined)[]): string | undefined {
  let least: string | undefined
  for (const each of sequenceNumbers) {
    if (each === undefined) return undefined
    if (least === undefined || BigInt(each) < BigInt(least)) least = each
  }
  return least
}
