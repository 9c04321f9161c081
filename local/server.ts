import { RunnerError } from './errors.ts'
import type { LogLevel } from './log.ts'

/** How a local server runs. */
export interface ServerOptions {
  /** TCP port on 127.0.0.1; 0 takes any free one. */
  readonly port: number
  /** Folder that keeps everything; without it, nothing outlives the server. */
  readonly dataDir?: string
  /** @default 'info' */
  readonly logLevel?: LogLevel
  /** Milliseconds that replace the template's batch window, which the cloud counts in whole seconds. @default 200 */
  readonly batchWindowMs?: number
  /** CDK context for the synthesis. */
  readonly context?: Readonly<Record<string, string>>
  /** A folder synthesised earlier, used as it is. */
  readonly assemblyDir?: string
}

/** A running local server. */
export interface LocalServer {
  /** `http://127.0.0.1:4242`, without a slash at the end. */
  readonly url: string
  readonly port: number
  readonly dynamoEndpoint: string
  readonly kinesisEndpoint: string
  readonly streamName: string
  /** Physical table names by logical id. */
  readonly tables: Readonly<Record<string, string>>
  /** Stops accepting, carries what was acknowledged through the stream into the tables, then stops everything. */
  close(): Promise<void>
}

/**
 * Runs the synthesised template on this machine.
 * @throws RunnerError, with one line that says what to do
 */
export async function startServer(_options: ServerOptions): Promise<LocalServer> {
  throw new RunnerError('The local runner is not wired yet')
}
