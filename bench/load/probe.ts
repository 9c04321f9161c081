import { monitorEventLoopDelay } from 'node:perf_hooks'

// Loaded into the server before anything else: tells the process that started it how it is, once a second.

/** What a server says of itself. */
export interface Health {
  /** MB that the process takes, with all its threads. */
  readonly rssMb: number
  /** MB of JavaScript objects of its main thread, which is the gateway. */
  readonly heapMb: number
  /** Milliseconds by which its event loop was late in the last second, at the 99th percentile. */
  readonly loopDelayMs: number
}

const RESOLUTION_MS = 10
const MB = 2 ** 20

if (process.send !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  setInterval(() => {
    const { rss, heapUsed } = process.memoryUsage()
    const loopDelayMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS)
    delay.reset()
    const health: Health = { rssMb: rss / MB, heapMb: heapUsed / MB, loopDelayMs }
    process.send?.(health)
  }, 1000).unref()
  // The channel alone keeps nobody alive.
  process.channel?.unref()
}
