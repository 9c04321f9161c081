import { Readable } from 'node:stream'
import type { LevelDb, ValueIterator } from 'dynalite/db/index.js'

/** Bytes of values that a Query or Scan has read ahead of it at a time; LevelDB's own 16 KB are two blocks. */
const READ_AHEAD_BYTES = 2 ** 18
const READ_AHEAD_VALUES = 1000
/** Values that come first, of which a Query with a limit may want no more. */
const FIRST_VALUES = 16

/**
 * Has dynalite's reads of LevelDB (or of its counterpart in memory) make fewer ways between threads, and end where they end:
 * - dynalite 4.0.0 reads a table's description and then the item for each key, and has another thread do each. They nearly always lie
 *   in memory, where finding them takes less time than waking a thread.
 * - of a Query or Scan it has each value handed over by itself, and never closes the iterator of one that stops at a page's end, which
 *   would pin a snapshot of the whole store for as long as the server runs.
 */
export function tuneReads(db: LevelDb): void {
  const get = db.get.bind(db)
  db.get = (key, done) => {
    // Not yet, or no longer: dynalite's own knows what to do. What waited until it is open, it asks for without a callback.
    if (typeof done !== 'function' || db.status !== 'open') return get(key, done)
    let value: unknown
    try {
      value = db.getSync(key)
    } catch (error) {
      process.nextTick(done, error)
      return undefined
    }
    process.nextTick(done, null, value)
    return undefined
  }
  db.createValueStream = (range) =>
    Readable.from(valuesOf(db.values({ ...range, highWaterMarkBytes: READ_AHEAD_BYTES })), { objectMode: true })
}

/** Closes the iterator at its end, and where nobody wants more. */
async function* valuesOf(iterator: ValueIterator): AsyncGenerator<unknown, void, undefined> {
  try {
    for (let count = FIRST_VALUES; ; count = READ_AHEAD_VALUES) {
      const values = await iterator.nextv(count)
      if (values.length === 0) return
      yield* values
    }
  } finally {
    await iterator.close()
  }
}
