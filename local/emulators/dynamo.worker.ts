import { parentPort, workerData } from 'node:worker_threads'
import dynalite from 'dynalite'
import storage from 'dynalite/db/index.js'
import { frontEmulator, serveEmulator } from './front.ts'
import type { EmulatorSettings } from './protocol.ts'

/*
 * DynamoDB, emulated by dynalite in a thread of its own. What is put right here:
 * - dynalite 4.0.0 never closes the LevelDB iterator of a Query or Scan that stops at a page's end: each would pin a snapshot
 *   of the whole store for as long as the server runs. It calls `return`, which LevelDB's iterators don't have.
 * - bodies, clients that go away, and the end: see front.ts.
 * - items are never expired: see ttl.ts.
 */
const settings: EmulatorSettings = workerData
const create = storage.create
storage.create = (options) => {
  const store = create(options)
  const values = store.db.values.bind(store.db)
  store.db.values = (range) => {
    const iterator = values(range)
    iterator.return = () => iterator.close()
    return iterator
  }
  return store
}

if (parentPort !== null) {
  const server = dynalite({
    ...(settings.path !== undefined && { path: settings.path }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  })
  serveEmulator(server, parentPort, frontEmulator(server))
}
