/** What became of a point: undefined where it was taken, else why it was not. */
export type Settle = (fault: string | undefined) => void

/**
 * Hands points on, all at once.
 * @param points each as JSON for /api/put
 * @returns by the index of a point why it was not taken; those that are not in it were
 * @throws whatever keeps all of them from being taken; its message is each point's fault
 */
export type SendPoints = (points: readonly string[]) => Promise<ReadonlyMap<number, string>>

/** When a queue sends and how much it holds. */
export interface PutQueueOptions {
  /** Points in a batch at most. @default 5000 */
  readonly points?: number
  /** Characters of a batch's points, about: the one that passes it is the last. @default 1 MB */
  readonly characters?: number
  /** Milliseconds that the first point of a batch waits for others. @default 100 */
  readonly windowMs?: number
  /** Characters of all points that are held; above them there is no room. @default 16 MB */
  readonly heldCharacters?: number
}

const MB = 1024 * 1024

interface QueuedPoint {
  readonly text: string
  readonly settle: Settle
}

/**
 * Gathers points that come one by one and hands them on in batches, by number, size and time. One batch is under way at a time:
 * points leave in the order in which they came, so that of two for one instant the later wins. What comes meanwhile makes
 * the next batch.
 */
export class PutQueue {
  readonly #send: SendPoints
  readonly #options: Required<PutQueueOptions>
  #waiting: QueuedPoint[] = []
  #waitingCharacters = 0
  #heldCharacters = 0
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #roomWanted: (() => void)[] = []

  constructor(send: SendPoints, options: PutQueueOptions = {}) {
    this.#send = send
    this.#options = { points: 5000, characters: MB, windowMs: 100, heldCharacters: 16 * MB, ...options }
  }

  /**
   * Queues a point; there is always place for those that were read already.
   * @param text JSON for /api/put
   * @param settle told once what became of it
   */
  add(text: string, settle: Settle): void {
    this.#waiting.push({ text, settle })
    this.#waitingCharacters += text.length
    this.#heldCharacters += text.length
    const { points, characters, windowMs } = this.#options
    if (this.#waiting.length >= points || this.#waitingCharacters >= characters) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), windowMs)
  }

  /** Waits while more is held than may be; whoever adds asks before reading on. */
  async room(): Promise<void> {
    while (this.#heldCharacters > this.#options.heldCharacters) {
      await new Promise<void>((resolve) => this.#roomWanted.push(resolve))
    }
  }

  /** Sends what waits without waiting for more of it. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#isRunning) void this.#run()
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      const batch = this.#take()
      const texts = batch.map(({ text }) => text)
      const faultOf = await this.#faults(texts)
      for (const [i, { settle }] of batch.entries()) settle(faultOf(i))
      this.#heldCharacters -= texts.reduce((sum, text) => sum + text.length, 0)
      for (const resolve of this.#roomWanted.splice(0)) resolve()
    }
    this.#isRunning = false
  }

  async #faults(texts: readonly string[]): Promise<(index: number) => string | undefined> {
    try {
      const faults = await this.#send(texts)
      return (index) => faults.get(index)
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error)
      return () => fault
    }
  }

  #take(): QueuedPoint[] {
    const { points, characters } = this.#options
    let [count, sum] = [0, 0]
    for (const { text } of this.#waiting) {
      if (count === points || sum >= characters) break
      count++
      sum += text.length
    }
    this.#waitingCharacters -= sum
    return this.#waiting.splice(0, count)
  }
}
