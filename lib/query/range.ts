import type { Downsample } from './model.ts'

/** Seconds of a row, and so of what is read at a time. */
export const HOUR_S = 3600

/** What of the store a query reads: whole hours, so that the first and last intervals and lines are complete. */
export interface ScanRange {
  /** Seconds since 1970, a multiple of 3600, inclusive. */
  readonly from: number
  /** Seconds since 1970, a multiple of 3600, exclusive. */
  readonly to: number
}

/**
 * The hours that a query reads. Points of the first hour before the query's start are not answered, but lines between
 * points and rates begin there, as in OpenTSDB; with downsampling the range reaches to the ends of the outermost intervals.
 * @param start milliseconds since 1970, inclusive
 * @param end milliseconds since 1970, inclusive
 */
export function scanRange(start: number, end: number, downsample: Downsample | undefined): ScanRange {
  const interval = downsample?.intervalMs
  const startS = Math.floor(start / 1000)
  // the second after a time with milliseconds, so that its own second is read whole
  const endS = Math.floor(end / 1000) + (end % 1000 === 0 ? 0 : 1)
  if (interval === undefined) return { from: hourOf(startS), to: hourOf(endS) + HOUR_S }
  const alignedStart = startS - Math.floor(((startS * 1000) % interval) / 1000)
  const alignedEnd = endS + Math.floor((interval - ((endS * 1000) % interval)) / 1000)
  return { from: hourOf(alignedStart), to: Math.ceil(alignedEnd / HOUR_S) * HOUR_S }
}

/** The start of the hour that a time in seconds lies in. */
export function hourOf(seconds: number): number {
  return seconds - (seconds % HOUR_S)
}
