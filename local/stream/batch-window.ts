/** So many windows a batch gathers at most. */
const LONGEST = 5

/**
 * When a batch is delivered that is not full: a window after the last of its records came, or five after the first. Who puts a point now and then, or one
 * after the other, sees each soon. Where points come all the time, batches of one window would make five blocks a second, each of which every query of the
 * hour has to be told of.
 * @param first when the first record of the batch came, in milliseconds
 * @param last when the last record came that is known of
 */
export function batchDue(first: number, last: number, windowMs: number): number {
  return Math.min(last + windowMs, first + LONGEST * windowMs)
}
