import { parentPort, workerData } from 'node:worker_threads'
import dynalite from 'dynalite'
import storage from 'dynalite/db/index.js'
import { Guard } from '../iam/guard.ts'
import { tuneReads } from './dynamo-storage.ts'
import { frontEmulator, serveEmulator } from './front.ts'
import type { EmulatorSettings, FromEmulator, ToEmulator } from './protocol.ts'

/*
 * DynamoDB, emulated by dynalite in a thread of its own. What is put right here:
 * - how it reads: see dynamo-storage.ts.
 * - bodies, clients that go away, and the end: see front.ts.
 * - items are never expired: see ttl.ts.
 * - everybody may do everything: functions are held to their roles, see iam/guard.ts.
 */
const settings: EmulatorSettings = workerData
const create = storage.create
storage.create = (options) => {
  const store = create(options)
  tuneReads(store.db)
  return store
}

if (parentPort !== null) {
  const port = parentPort
  const say = (message: FromEmulator) => port.postMessage(message)
  const server = dynalite({
    ...(settings.path !== undefined && { path: settings.path }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  })
  const guard = new Guard('dynamo', (message) => say({ type: 'refused', message }))
  serveEmulator(server, port, frontEmulator(server, { refuse: (request) => guard.refuse(request) }))
  port.on('message', (message: ToEmulator) => {
    if (message.type === 'hold') guard.hold(message.principals)
  })
}
