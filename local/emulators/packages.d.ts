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
  interface ValueIterator {
    close(): Promise<void>
    return?: () => Promise<void>
  }
  interface Store {
    db: {
      open(): Promise<void>
      values(options?: object): ValueIterator
    }
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
