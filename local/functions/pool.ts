import { availableParallelism } from 'node:os'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { FunctionModel } from '../template/index.ts'
import { Instance, type Outcome } from './instance.ts'

/** Most instances of a function, and those that even a small machine may have: one event that takes long must not stop all others. */
const MOST_INSTANCES = 8
const LEAST_MOST_INSTANCES = 2
/** MB of a function that come with a core of Lambda's. */
const CORE_MB = 1769
/** Cores' worth of instances for each core there is: they wait for the emulators and for each other some of their time. */
const OVERBOOKED = 4
/**
 * An instance that computes for more than this part of its time is bound by the machine and not by waiting. More of these than
 * cores only take turns, and each warms up for nothing.
 */
const BUSY = 0.25
/** An event waits this long for one of the instances there are, before another is started. */
const PATIENCE_MS = 100
/** And this long for one of a function with more memory than comes with a core: what such an instance keeps another has to read first, which takes longer. */
const LONG_PATIENCE_MS = 1000
/** Instances beyond those that are kept which had nothing to do for this long are stopped. */
const IDLE_MS = 30_000
/** Events that may wait; Lambda would throttle, too. */
const MOST_WAITING = 1000

/** What became of an event: what a call may come to, or that there was no room for it. */
export type PoolOutcome = Outcome | { readonly kind: 'throttled' }

interface Waiting {
  readonly event: unknown
  readonly settle: (outcome: PoolOutcome) => void
  /** When it came, by performance.now(). */
  readonly since: number
  /** Turns it away. */
  readonly timer: NodeJS.Timeout | undefined
}

/** The instances of one function. */
export class FunctionPool {
  readonly model: FunctionModel
  readonly #environment: Readonly<Record<string, string>>
  readonly #log: Log
  readonly #mostInstances: number
  readonly #kept: number
  readonly #idleMs: number
  readonly #patienceMs: number
  readonly #free: Instance[] = []
  readonly #all = new Set<Instance>()
  readonly #waiting: Waiting[] = []
  #starting = 0
  #patience: NodeJS.Timeout | undefined
  #idle: NodeJS.Timeout | undefined
  #stopped = false

  /**
   * @param options `kept`: instances that stay though they have nothing to do, 0 where nobody waits for one to start @default 1;
   *   `idleMs`: after which others are stopped @default 30 s; `patienceMs`: that an event waits before another is started @default by the function's memory
   */
  constructor(
    model: FunctionModel,
    environment: Readonly<Record<string, string>>,
    log: Log,
    options: { mostInstances?: number; kept?: 0 | 1; idleMs?: number; patienceMs?: number } = {},
  ) {
    this.model = model
    this.#environment = environment
    this.#log = log
    this.#mostInstances = options.mostInstances ?? mostInstances(model.memoryMb, availableParallelism())
    this.#kept = options.kept ?? 1
    this.#idleMs = options.idleMs ?? IDLE_MS
    this.#patienceMs = options.patienceMs ?? (model.memoryMb > CORE_MB ? LONG_PATIENCE_MS : PATIENCE_MS)
  }

  /** Starts an instance ahead of the first event, where one is kept. */
  async warm(): Promise<void> {
    if (this.#kept > 0) await this.#start()
  }

  /**
   * Hands an event to an instance that is free, or to the first that becomes free.
   * @param mostWaitMs milliseconds after which an event that still waits is turned away: whoever sent it would get an answer that
   *   comes too late, while those behind it wait. As long as it takes where absent
   */
  call(event: unknown, mostWaitMs?: number): Promise<PoolOutcome> {
    if (this.#stopped || this.#waiting.length >= MOST_WAITING) return Promise.resolve({ kind: 'throttled' })
    const instance = this.#takeFree()
    if (instance !== undefined) return this.#run(instance, event)
    return new Promise((settle) => {
      const waiting: Waiting = {
        event,
        settle,
        since: performance.now(),
        timer: mostWaitMs === undefined ? undefined : setTimeout(() => this.#turnAway(waiting), mostWaitMs),
      }
      this.#waiting.push(waiting)
      this.#growSoon()
    })
  }

  /** Ends all instances, with whatever they are doing. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#patience)
    clearTimeout(this.#idle)
    this.#settleWaiting({ kind: 'crash', message: 'the runner is stopping' })
    await Promise.all([...this.#all].map((instance) => instance.stop()))
  }

  #settleWaiting(outcome: PoolOutcome): void {
    for (const { settle, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer)
      settle(outcome)
    }
  }

  #turnAway(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting)
    if (at < 0) return
    this.#waiting.splice(at, 1)
    waiting.settle({ kind: 'throttled' })
  }

  #takeFree(): Instance | undefined {
    for (;;) {
      // The one used last: the others may then become idle and be stopped.
      const instance = this.#free.pop()
      if (instance === undefined || instance.usable) return instance
      this.#all.delete(instance)
    }
  }

  async #run(instance: Instance, event: unknown): Promise<Outcome> {
    const outcome = await instance.call(event)
    if (instance.ended) {
      this.#all.delete(instance)
      if (this.#waiting.length > 0) this.#growSoon()
    } else this.#offer(instance)
    return outcome
  }

  #offer(instance: Instance): void {
    const next = this.#waiting.shift()
    if (next !== undefined) {
      clearTimeout(next.timer)
      void this.#run(instance, next.event).then(next.settle)
      return
    }
    this.#free.push(instance)
    this.#shrinkSoon()
  }

  #shrinkSoon(): void {
    if (this.#free.length > 0 && this.#all.size > this.#kept) {
      this.#idle ??= setTimeout(() => this.#shrink(), this.#idleMs).unref()
    }
  }

  /** Stops an instance where more than are kept have nothing to do. */
  #shrink(): void {
    this.#idle = undefined
    if (this.#all.size <= this.#kept || this.#free.length === 0) return
    const [instance] = this.#free.splice(0, 1)
    if (instance !== undefined) {
      this.#all.delete(instance)
      void instance.stop()
    }
    this.#shrinkSoon()
  }

  #growSoon(): void {
    if (this.#stopped || this.#starting > 0 || this.#patience !== undefined || this.#all.size >= this.#mostInstances)
      return
    for (const instance of this.#all) instance.busyness()
    const [oldest] = this.#waiting
    if (oldest === undefined) return
    const leftMs = oldest.since + this.#patienceMs - performance.now()
    // The first is started at once; before others, it takes a while to see how busy those are that there are.
    const waitMs = this.#all.size === 0 ? 0 : Math.max(leftMs, Math.min(PATIENCE_MS, this.#patienceMs))
    this.#patience = setTimeout(() => {
      this.#patience = undefined
      const [first] = this.#waiting
      if (first === undefined) return
      const isPatient = this.#all.size > 0 && performance.now() - first.since < this.#patienceMs
      if (isPatient || this.#isBoundByCores()) this.#growSoon()
      else void this.#start()
    }, waitMs)
  }

  /** Whether there are as many busy instances as cores since the event began to wait. */
  #isBoundByCores(): boolean {
    const busy = [...this.#all].filter((instance) => instance.busyness() > BUSY)
    return busy.length >= availableParallelism()
  }

  async #start(): Promise<void> {
    this.#starting++
    try {
      const instance = await Instance.start(this.model, this.#environment, this.#log)
      if (this.#stopped) return void (await instance.stop())
      this.#all.add(instance)
      this.#offer(instance)
    } catch (error) {
      this.#log.error(messageOf(error))
      this.#settleWaiting({ kind: 'crash', message: messageOf(error) })
    } finally {
      this.#starting--
      if (this.#waiting.length > 0) this.#growSoon()
    }
  }
}

/**
 * How many instances of a function a machine may run. One that is given much memory computes much and keeps much, so that more of it
 * than there are cores to share would take memory and gain nothing: queries keep up to 200 MB each of what they read.
 * @param memoryMb of the function, by the template
 */
export function mostInstances(memoryMb: number, cores: number): number {
  const most = Math.floor((OVERBOOKED * cores * CORE_MB) / memoryMb)
  return Math.max(LEAST_MOST_INSTANCES, Math.min(MOST_INSTANCES, most))
}
