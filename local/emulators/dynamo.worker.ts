import { parentPort, workerData } from 'node:worker_threads'
import dynalite from 'dynalite'
import storage from 'dynalite/db/index.js'
import { tuneReads } from './dynamo-storage.ts'
import { frontEmulator, serveEmulator } from './front.ts'
import type { EmulatorSettings } from './protocol.ts'

/*
 * DynamoDB, emulated by dynalite in a thread of its own. What is put right here:
 * - how it reads: see dynamo-storage.ts.
 * - bodies, clients that go away, and the end: see front.ts.
 * - items are never expired: see ttl.ts.
 */
const settings: EmulatorSettings = workerData
const create = storage.create
storage.create = (options) => {
  const store = create(options)
  tuneReads(store.db)
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
