import type { LogLevel } from '../log.ts'

/** What a function's thread is started with. */
export interface InstanceSettings {
  /** Absolute path of the bundle. */
  readonly modulePath: string
  /** The export that is the handler. */
  readonly exportName: string
  readonly functionName: string
  readonly functionArn: string
  readonly memoryMb: number
}

/** One call, as the thread gets it. */
export interface Call {
  readonly requestId: string
  readonly event: unknown
  /** Milliseconds since 1970 at which the call is ended. */
  readonly deadline: number
}

/** What the thread says. */
export type FromInstance =
  | { readonly type: 'ready' }
  | { readonly type: 'log'; readonly level: LogLevel; readonly text: string }
  /** The handler's answer as JSON, which is what Lambda makes of it; without `body`, a text of its own where it is long. */
  | { readonly type: 'answer'; readonly payload: string; readonly body?: Uint8Array }
  | { readonly type: 'error'; readonly name: string; readonly message: string; readonly stack: string }
