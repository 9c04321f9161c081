import { syncBuiltinESMExports } from 'node:module'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import workerThreads, { BroadcastChannel, type WorkerOptions } from 'node:worker_threads'

// Loaded into the server before anything else: tells the process that started it how it is, once a second.

/** What a server says of itself. */
export interface Health {
  /** MB that the process takes, with all its threads. */
  readonly rssMb: number
  /** MB of JavaScript objects of its main thread, which is the gateway. */
  readonly heapMb: number
  /** What the heaps of its other threads take, used or not, with the buffers that belong to them. */
  readonly threads: readonly ThreadHealth[]
  /** Milliseconds by which its event loop was late in the last second, at the 99th percentile. */
  readonly loopDelayMs: number
}

/** A function's instance, or an emulator. */
export interface ThreadHealth {
  readonly name: string
  readonly mb: number
}

const RESOLUTION_MS = 10
const MB = 2 ** 20
/** A thread that has said nothing for so long is gone, or busy for longer than it should be. */
const SILENT_MS = 5_000

if (process.send !== undefined && workerThreads.isMainThread) {
  const threads = hearThreads()
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  setInterval(() => {
    const { rss, heapUsed } = process.memoryUsage()
    const loopDelayMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS)
    delay.reset()
    const health: Health = { rssMb: rss / MB, heapMb: heapUsed / MB, threads: threads(), loopDelayMs }
    process.send?.(health)
  }, 1000).unref()
  // The channel alone keeps nobody alive.
  process.channel?.unref()
}

/**
 * Has every thread that is started from now on say what it takes: Node 20 tells a heap's size only to who is in it.
 * @returns what they said last
 */
function hearThreads(): () => ThreadHealth[] {
  const probe = new URL('./thread-probe.mjs', import.meta.url).href
  class ProbedWorker extends workerThreads.Worker {
    constructor(file: string | URL, options: WorkerOptions = {}) {
      super(file, { ...options, execArgv: [...(options.execArgv ?? []), '--import', probe] })
    }
  }
  Object.assign(workerThreads, { Worker: ProbedWorker })
  syncBuiltinESMExports()

  const said = new Map<number, ThreadHealth & { readonly at: number }>()
  const channel = new BroadcastChannel('load-threads')
  channel.onmessage = (message: unknown) => {
    // thread-probe.mjs sends nothing else.
    const { threadId, name, bytes } = (message as { data: { threadId: number; name: string; bytes: number } }).data
    said.set(threadId, { name, mb: bytes / MB, at: performance.now() })
  }
  channel.unref()
  return () => {
    for (const [id, { at }] of said) if (performance.now() - at > SILENT_MS) said.delete(id)
    return [...said.values()].map(({ name, mb }) => ({ name, mb }))
  }
}
