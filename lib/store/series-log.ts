export class SeriesLog {
  /** Notes series of a metric, before their first points are written. */
  async append(metric: number, tsuids: readonly Uint8Array[]): Promise<void> {
    await this.appendAll([[metric, tsuids]])
  }

  /** Notes series of many metrics in few requests. */
  async appendAll(_entries: Iterable<readonly [metric: number, tsuids: readonly Uint8Array[]]>): Promise<void> {
    throw new Error('coming')
  }

  /** Every series noted of a metric, each once, in ascending order. */
  async read(_metric: number): Promise<Uint8Array[]> {
    throw new Error('coming')
  }
}
