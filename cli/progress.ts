import { SingleBar } from 'cli-progress'
import { grouped, type Io } from './io.ts'

/** What an import tells while it runs. */
export interface Progress {
  /** Bytes read from the inputs so far, and points the server has taken. */
  update(bytes: number, points: number): void
  /** A line for the person watching, above the bar where there is one. */
  note(line: string): void
  stop(): void
}

/**
 * Draws a bar with the rate and the time left on a terminal; elsewhere only the notes are written.
 * @param total bytes of all inputs; undefined where nobody knows, then there is a count and a rate but no bar
 */
export function startProgress(io: Io, total: number | undefined): Progress {
  if (!io.stderr.isTTY) {
    return { update: () => {}, note: (line) => io.stderr.write(`${line}\n`), stop: () => {} }
  }
  const started = performance.now()
  const bar = new SingleBar({
    format:
      total === undefined
        ? '{points} points | {rate} points/s'
        : '[{bar}] {percentage}% | {points} points | {rate} points/s | {eta_formatted} left',
    stream: io.stderr,
    hideCursor: true,
    clearOnComplete: true,
    forceRedraw: true,
    etaBuffer: 50,
  })
  bar.start(total ?? 0, 0, { points: '0', rate: '0' })
  return {
    update: (bytes, points) => {
      const seconds = (performance.now() - started) / 1000
      bar.update(total === undefined ? 0 : bytes, { points: grouped(points), rate: grouped(points / seconds) })
    },
    note: (line) => io.stderr.write(`\r\x1b[K${line}\n`),
    stop: () => bar.stop(),
  }
}
