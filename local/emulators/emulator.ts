import { Worker } from 'node:worker_threads'
import { RunnerError } from '../errors.ts'
import type { Principal } from '../iam/principal.ts'
import { LOCAL_REGION } from '../template/resources.ts'
import { workerFile } from '../worker-file.ts'
import type { EmulatorSettings, FromEmulator, ToEmulator } from './protocol.ts'

/** A running emulator. */
export interface Emulator {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  /** Hears of every put on a stream. */
  onRecords: (stream: string) => void
  /** Hears that the emulator can't go on. */
  onFailed: (error: RunnerError) => void
  /** Hears of each thing that somebody's role does not allow. */
  onRefused: (message: string) => void
  /** Holds these to what their roles allow; others may do everything. */
  hold(principals: readonly Principal[]): void
  /** Deletes a shard's records up to and with a sequence number. */
  trim(stream: string, shardIndex: number, through: string): void
  /** Turns puts on a stream away from now on, as Kinesis does those beyond its throughput, or no more. */
  refusePuts(stream: string, isRefusing: boolean): void
  /** Closes its files. */
  close(): Promise<void>
}

/**
 * Starts an emulator in a thread of its own.
 * @param kind which; also its worker's file name
 * @param path folder that keeps its data; in memory where absent
 * @throws RunnerError where it can't open its folder
 */
export async function startEmulator(kind: 'dynamo' | 'kinesis', path?: string): Promise<Emulator> {
  const settings: EmulatorSettings = path === undefined ? {} : { path }
  const worker = new Worker(await workerFile(`emulators/${kind}.worker.ts`), {
    workerData: settings,
    env: { ...process.env, AWS_REGION: LOCAL_REGION, AWS_ACCOUNT_ID: '000000000000' },
    // A loader that this process runs under is not needed in there.
    execArgv: [],
  })
  const tell = (message: ToEmulator) => worker.postMessage(message)
  return new Promise((resolve, reject) => {
    let closing = false
    let hasClosed: () => void = () => undefined
    let emulator: Emulator | undefined
    const fail = (message: string) => {
      const error = new RunnerError(`The ${kind} emulator failed: ${message}`)
      if (emulator === undefined) {
        reject(error)
        void worker.terminate()
      } else if (!closing) emulator.onFailed(error)
    }
    worker.on('error', (error: Error) => fail(error.message))
    worker.on('exit', (code) => (closing ? hasClosed() : fail(`its thread ended with ${code}`)))
    worker.on('message', (message: FromEmulator) => {
      switch (message.type) {
        case 'listening':
          emulator = {
            endpoint: `http://127.0.0.1:${message.port}`,
            onRecords: () => undefined,
            onFailed: () => undefined,
            onRefused: () => undefined,
            hold: (principals) => tell({ type: 'hold', principals }),
            trim: (stream, shardIndex, through) => tell({ type: 'trim', stream, shardIndex, through }),
            refusePuts: (stream, isRefusing) => tell({ type: 'refuse', stream, isRefusing }),
            close: () =>
              new Promise((closed) => {
                closing = true
                hasClosed = closed
                tell({ type: 'close' })
              }),
          }
          resolve(emulator)
          break
        case 'records':
          emulator?.onRecords(message.stream)
          break
        case 'refused':
          emulator?.onRefused(message.message)
          break
        case 'failed':
          fail(message.message)
          break
        case 'closed':
          void worker.terminate()
          break
      }
    })
  })
}
