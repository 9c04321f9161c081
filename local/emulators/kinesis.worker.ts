import { parentPort, workerData } from 'node:worker_threads'
import kinesalite from 'kinesalite'
import storage from 'kinesalite/db/index.js'
import { Guard, type GuardedRequest } from '../iam/guard.ts'
import { namesIn } from '../iam/request-names.ts'
import { frontEmulator, serveEmulator } from './front.ts'
import type { EmulatorSettings, FromEmulator, ToEmulator } from './protocol.ts'

/*
 * Kinesis, emulated by kinesalite in a thread of its own. What is put right here:
 * - kinesalite 3.3.3 deletes records only when somebody reads them once they are too old, so that its disk grows for ever. The
 *   runner trims what every reader has passed. Records lie under `<shard index as 8 hex digits>/<sequence number>`.
 * - a reader has to ask again and again; here the runner is told of every put, so that it can sleep.
 * - bodies, clients that go away, and the end: see front.ts.
 * - it takes whatever comes; here puts are turned away while the runner says so.
 * - everybody may do everything: functions are held to their roles, see iam/guard.ts.
 * What is left as it is: sequence numbers are shared by five shards each, no record or byte limits a second, retention of at
 * most 7 days, no HTTP/2, no enhanced fan-out, writes are not synced to the disk at once (a power cut may lose the last ones; a
 * kill does not).
 */
const settings: EmulatorSettings = workerData
/** Template shards are up to the template; the emulator's own limit is an account's of 2014. */
const SHARD_LIMIT = 10_000

/** What Kinesis says to who puts more than a stream takes. */
const TOO_FAST = {
  __type: 'ProvisionedThroughputExceededException',
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
  const isTooMuch = ({ target, body }: GuardedRequest) =>
    refusing.size > 0 && isPut(target) && namesIn(body).some((name) => refusing.has(name))
  const guard = new Guard('kinesis', (message) => say({ type: 'refused', message }))
  const stop = frontEmulator(server, {
    refuse: (request) => guard.refuse(request) ?? (isTooMuch(request) ? TOO_FAST : undefined),
    onAnswered: ({ target, body }, status) => {
      if (status !== 200 || !isPut(target)) return
      for (const stream of namesIn(body)) say({ type: 'records', stream })
    },
  })
  serveEmulator(server, port, stop)
  port.on('message', (message: ToEmulator) => {
    if (message.type === 'hold') guard.hold(message.principals)
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
