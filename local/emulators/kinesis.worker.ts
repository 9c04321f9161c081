import { parentPort, workerData } from 'node:worker_threads'
import kinesalite from 'kinesalite'
import storage from 'kinesalite/db/index.js'
import { frontEmulator, serveEmulator } from './front.ts'
import type { EmulatorSettings, FromEmulator, ToEmulator } from './protocol.ts'

/*
 * Kinesis, emulated by kinesalite in a thread of its own. What is put right here:
 * - kinesalite 3.3.3 deletes records only when somebody reads them once they are too old, so that its disk grows for ever. The
 *   runner trims what every reader has passed. Records lie under `<shard index as 8 hex digits>/<sequence number>`.
 * - a reader has to ask again and again; here the runner is told of every put, so that it can sleep.
 * - bodies, clients that go away, and the end: see front.ts.
 * - it takes whatever comes; here puts are turned away while the runner says so.
 * What is left as it is: sequence numbers are shared by five shards each, no record or byte limits a second, retention of at
 * most 7 days, no HTTP/2, no enhanced fan-out, writes are not synced to the disk at once (a power cut may lose the last ones; a
 * kill does not).
 */
const settings: EmulatorSettings = workerData
/** Template shards are up to the template; the emulator's own limit is an account's of 2014. */
const SHARD_LIMIT = 10_000

/** What Kinesis says to who puts more than a stream takes. */
const TOO_FAST = {
  type: 'ProvisionedThroughputExceededException',
  message: 'Rate exceeded: the consumer of the stream is behind',
}

const stores: ReturnType<typeof storage.create>[] = []
const create = storage.create
storage.create = (options) => {
  const store = create(options)
  stores.push(store)
  return store
}

if (parentPort !== null) {
  const port = parentPort
  const say = (message: FromEmulator) => port.postMessage(message)
  const server = kinesalite({
    ...(settings.path !== undefined && { path: settings.path }),
    createStreamMs: 0,
    deleteStreamMs: 0,
    updateStreamMs: 0,
    shardLimit: SHARD_LIMIT,
  })
  const refusing = new Set<string>()
  const isPut = (target: string) => /\.PutRecords?$/.test(target)
  const stop = frontEmulator(server, {
    refuse: (target, body) =>
      refusing.size > 0 && isPut(target) && refusing.has(streamNameOf(body)) ? TOO_FAST : undefined,
    onAnswered: (target, body, status) => {
      if (status === 200 && isPut(target)) say({ type: 'records', stream: streamNameOf(body) })
    },
  })
  serveEmulator(server, port, stop)
  port.on('message', (message: ToEmulator) => {
    if (message.type === 'trim') trim(message.stream, message.shardIndex, message.through)
    if (message.type === 'refuse') refusing[message.isRefusing ? 'add' : 'delete'](message.stream)
  })

  const trim = (stream: string, shardIndex: number, through: string) => {
    const shard = storage.shardIxToHex(shardIndex)
    for (const store of stores) {
      store.getStreamDb(stream).clear({ gte: `${shard}/`, lte: `${shard}/${through}` }, (error) => {
        if (error != null && !/not open/.test(error.message)) say({ type: 'failed', message: error.message })
      })
    }
  }
}

/** The SDK writes the name before or after the records; looking for it is cheaper than parsing megabytes again. */
function streamNameOf(body: Buffer): string {
  const key = '"StreamName":"'
  const ends = [body.subarray(0, 512).toString('latin1'), body.subarray(-512).toString('latin1')]
  for (const end of ends) {
    const at = end.indexOf(key)
    if (at >= 0) return end.slice(at + key.length, end.indexOf('"', at + key.length))
  }
  return ''
}
