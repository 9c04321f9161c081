import type { Principal } from '../iam/principal.ts'

/** What the runner tells an emulator's thread. */
export type ToEmulator =
  | { readonly type: 'close' }
  /** Holds these to what their roles allow. */
  | { readonly type: 'hold'; readonly principals: readonly Principal[] }
  /** Deletes the records of a shard up to and with this sequence number. */
  | { readonly type: 'trim'; readonly stream: string; readonly shardIndex: number; readonly through: string }
  /** Turns puts on a stream away from now on, or no more. */
  | { readonly type: 'refuse'; readonly stream: string; readonly isRefusing: boolean }

/** What an emulator's thread tells the runner. */
export type FromEmulator =
  | { readonly type: 'listening'; readonly port: number }
  /** Records were just put on this stream. */
  | { readonly type: 'records'; readonly stream: string }
  /** Somebody asked for what their role does not allow. */
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'closed' }

/** What an emulator's thread is started with. */
export interface EmulatorSettings {
  /** Folder of its LevelDB; in memory where absent. */
  readonly path?: string
}
