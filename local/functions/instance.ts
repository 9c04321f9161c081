import { randomUUID } from 'node:crypto'
import type { EventLoopUtilization } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { isLogLevel, LOG_LEVELS, type Log, type LogLevel } from '../log.ts'
import type { FunctionModel } from '../template/index.ts'
import { workerFile } from '../worker-file.ts'
import { handlerFile } from './handler-file.ts'
import type { Call, FromInstance, InstanceSettings } from './protocol.ts'

/** What became of a call. */
export type Outcome =
  /** The handler's answer, as JSON; a long text that it has as `body` comes beside it, in UTF-8. */
  | { readonly kind: 'answer'; readonly payload: string; readonly body?: Uint8Array }
  /** The handler threw. */
  | { readonly kind: 'error'; readonly name: string; readonly message: string }
  | { readonly kind: 'timeout' }
  /** The instance ended: out of memory, process.exit, or a bundle that does not load. */
  | { readonly kind: 'crash'; readonly message: string }

/** A function's thread. It handles one event at a time; once it has crashed or run over its time it is of no more use. */
export class Instance {
  readonly #model: FunctionModel
  readonly #worker: Worker
  readonly #log: Log
  readonly #ready: Promise<void>
  #settle: ((outcome: Outcome) => void) | undefined
  #loop: EventLoopUtilization | undefined
  #ended: Outcome | undefined

  private constructor(model: FunctionModel, worker: Worker, log: Log) {
    this.#model = model
    this.#worker = worker
    this.#log = log
    let isReady: () => void = () => undefined
    this.#ready = new Promise((resolve) => {
      isReady = resolve
    })
    worker.on('message', (message: FromInstance) => {
      if (message.type === 'ready') isReady()
      else this.#hear(message)
    })
    worker.on('error', (error: Error) => this.#end({ kind: 'crash', message: error.stack ?? error.message }))
    worker.on('exit', (code) => {
      this.#end({ kind: 'crash', message: `the instance ended with ${code}` })
      isReady()
    })
    worker.stdout.on('data', (text: Buffer) => log.info(text.toString().trimEnd()))
    worker.stderr.on('data', (text: Buffer) => log.warn(text.toString().trimEnd()))
  }

  /**
   * Starts a thread.
   * @param environment all of its environment: nothing is inherited from the runner
   */
  static async start(model: FunctionModel, environment: Readonly<Record<string, string>>, log: Log): Promise<Instance> {
    const [, exportName = 'handler'] = model.handler.split('.')
    const settings: InstanceSettings = {
      modulePath: await handlerFile(model),
      exportName,
      functionName: model.name,
      functionArn: model.arn,
      memoryMb: model.memoryMb,
    }
    const worker = new Worker(await workerFile('functions/instance.worker.ts'), {
      workerData: settings,
      env: { ...environment },
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: model.memoryMb },
    })
    return new Instance(model, worker, log)
  }

  /** Whether it can be given an event. */
  get usable(): boolean {
    return this.#ended === undefined && this.#settle === undefined
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.#ended !== undefined
  }

  /** The part of the time since this was last asked that the thread was computing, not waiting: 0 to 1. */
  busyness(): number {
    const before = this.#loop
    this.#loop = this.#worker.performance.eventLoopUtilization()
    return this.#worker.performance.eventLoopUtilization(this.#loop, before).utilization
  }

  /** Hands over an event. Only where `usable`. */
  async call(event: unknown): Promise<Outcome> {
    const outcome = new Promise<Outcome>((resolve) => {
      this.#settle = resolve
    })
    await this.#ready
    if (this.#ended !== undefined) {
      this.#settle = undefined
      return this.#ended
    }
    const { timeoutMs } = this.#model
    const call: Call = { requestId: randomUUID(), event, deadline: Date.now() + timeoutMs }
    this.#worker.postMessage(call)
    const timer = setTimeout(() => {
      this.#log.error(`Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`)
      this.#end({ kind: 'timeout' })
    }, timeoutMs)
    try {
      return await outcome
    } finally {
      clearTimeout(timer)
    }
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #hear(message: FromInstance): void {
    switch (message.type) {
      case 'log':
        if (this.#passes(message.level)) this.#say(message.level, message.text)
        break
      case 'answer':
        this.#finish({ kind: 'answer', payload: message.payload, ...(message.body && { body: message.body }) })
        break
      case 'error':
        this.#log.error(message.stack)
        this.#finish({ kind: 'error', name: message.name, message: message.message })
        break
    }
  }

  /** Lambda's own filter, by the template's ApplicationLogLevel. */
  #passes(level: LogLevel): boolean {
    const least = this.#model.logLevel
    return least === undefined || !isLogLevel(least) || LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least)
  }

  #say(level: LogLevel, text: string): void {
    if (level !== 'silent') this.#log[level](text)
  }

  #finish(outcome: Outcome): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(outcome)
  }

  #end(outcome: Outcome): void {
    if (this.#ended !== undefined) return
    this.#ended = outcome
    if (outcome.kind === 'crash' && this.#settle !== undefined) this.#log.error(outcome.message)
    this.#finish(outcome)
    void this.#worker.terminate()
  }
}
