import { Histogram } from './histogram.ts'

/** What became of requests of one kind. */
export class Tally {
  readonly times = new Histogram()
  readonly statuses = new Map<number, number>()
  points = 0

  /** @param points that were acknowledged by it */
  add(status: number, ms: number, points = 0): void {
    this.times.add(ms)
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    this.points += points
  }

  get count(): number {
    return this.times.count
  }

  /** How many were answered with a status that is not listed. */
  countBut(...statuses: readonly number[]): number {
    let count = 0
    for (const [status, times] of this.statuses) if (!statuses.includes(status)) count += times
    return count
  }

  merge(other: Tally): void {
    this.times.merge(other.times)
    this.points += other.points
    for (const [status, times] of other.statuses) this.statuses.set(status, (this.statuses.get(status) ?? 0) + times)
  }

  /** `204 × 118, 503 × 2`. */
  statusText(): string {
    const sorted = [...this.statuses].sort(([a], [b]) => a - b)
    return sorted.map(([status, times]) => `${status === 0 ? 'no answer' : status} × ${times}`).join(', ')
  }
}
