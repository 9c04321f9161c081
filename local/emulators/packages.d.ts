/** The parts of the emulators' packages that the runner uses; neither package brings types. */

declare module 'dynalite' {
  import type { Server } from 'node:http'
  export default function dynalite(options: {
    path?: string
    createTableMs?: number
    deleteTableMs?: number
    updateTableMs?: number
  }): Server
}

declare module 'dynalite/db/index.js' {
  import type { Readable } from 'node:stream'

  export interface ValueIterator {
    /** Some values more; none at the end. */
    nextv(size: number): Promise<unknown[]>
    close(): Promise<void>
  }
  /** LevelDB, or its counterpart in memory, with dynalite's additions. */
  export interface LevelDb {
    readonly status: string
    /** undefined: there is none. */
    /** @param done without it, a promise is returned */
    get(key: string, done?: (error: unknown, value?: unknown) => void): Promise<unknown> | undefined
    getSync(key: string): unknown
    values(range?: object): ValueIterator
    createValueStream(range?: object): Readable
  }
  interface Store {
    db: LevelDb
  }
  const db: { create(options: object): Store }
  export default db
}

declare module 'kinesalite' {
  import type { Server } from 'node:http'
  export default function kinesalite(options: {
    path?: string
    createStreamMs?: number
    deleteStreamMs?: number
    updateStreamMs?: number
    shardLimit?: number
  }): Server
}

declare module 'kinesalite/db/index.js' {
  interface StreamDb {
    clear(range: { gte: string; lte: string }, done: (error?: Error) => void): void
  }
  interface Store {
    getStreamDb(name: string): StreamDb
  }
  const db: {
    create(options: object): Store
    shardIxToHex(shardIndex: number): string
  }
  export default db
}
