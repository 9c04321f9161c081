// Loaded into each thread of the server before anything else: tells probe.ts what its heap takes, once a second.
import v8 from 'node:v8'
import { threadId, workerData } from 'node:worker_threads'

const channel = new BroadcastChannel('load-threads')
channel.unref()
const file = process.argv[1] ?? ''
const name = workerData?.functionName ?? /(\w+)-[0-9a-f]+\.\w+$/.exec(file)?.[1] ?? 'other'

setInterval(() => {
  const { total_heap_size, external_memory } = v8.getHeapStatistics()
  channel.postMessage({ threadId, name, bytes: total_heap_size + external_memory })
}, 1000).unref()
