import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** A request that an actor waits to make. */
interface Waiting {
  readonly actor: Actor
  /** Lets it go on: the request is made, made but its answer lost with its actor, or not made as its actor dies. */
  readonly go: (how: 'make' | 'make and die' | 'die') => void
}

/** A process on the stage: every request that it makes waits until it is let go on. */
export class Actor {
  readonly name: string
  readonly isImmortal: boolean
  isDead = false

  constructor(name: string, isImmortal = false) {
    this.name = name
    this.isImmortal = isImmortal
  }
}

/** Numbers from 0 to below 1 that a seed determines (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * Runs several processes against one DynamoDB, a request at a time, in an order of chance; any may die at any request, before
 * it is made or after, or stand still for as long as the others go on. A seed gives the same run on every machine, as long as
 * the processes take time, pauses and chance from here too: what waits for a real timer comes sooner or later as the machine
 * is quick or slow.
 */
export class Stage {
  readonly #random: () => number
  readonly #waiting: Waiting[] = []
  #underWay = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /** Has a client's requests wait for their turn. */
  direct(client: DynamoDBClient, actor: Actor): void {
    client.middlewareStack.add(
      (send) => async (args) => {
        const how = actor.isDead ? 'die' : await this.#turn(actor)
        if (how === 'die') throw new DeadError()
        this.#underWay++
        try {
          const answer = await send(args)
          if (how === 'make and die') throw new DeadError()
          return answer
        } finally {
          this.#underWay--
        }
      },
      { step: 'initialize', name: 'stage' },
    )
  }

  /** Has a process wait for its turn without making a request, as if it slept. */
  async pause(actor: Actor): Promise<void> {
    const how = actor.isDead ? 'die' : await this.#turn(actor)
    if (how !== 'make') throw new DeadError()
  }

  /** Has everybody wait for something that is none of the processes'. */
  async hold<T>(run: () => Promise<T>): Promise<T> {
    this.#underWay++
    try {
      return await run()
    } finally {
      this.#underWay--
    }
  }

  /** Begins what a process does; its death by the stage's hand is no error. */
  async begin(actor: Actor, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      if (!actor.isDead) throw error
    }
  }

  /**
   * Lets one request after the other be made.
   * @param done all that the processes do. That none of them waits for its turn does not say so: one may wait for another, or be yet to begin
   * @param deadly chance of dying at a request
   * @param eachStep called before each request
   * @throws what `done` fails with
   */
  async play(done: Promise<unknown>, deadly: number, eachStep: () => void): Promise<void> {
    let isDone = false
    const end = () => {
      isDone = true
    }
    done.then(end, end)
    for (;;) {
      await this.#settle()
      if (isDone) break
      if (this.#waiting.length === 0) continue
      eachStep()
      const [next] = this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1)
      if (next === undefined) continue
      const dies = this.#random() < deadly && !next.actor.isImmortal
      if (!dies) next.go('make')
      else {
        next.actor.isDead = true
        next.go(this.#random() < 0.5 ? 'die' : 'make and die')
        for (const other of this.#waiting.filter(({ actor }) => actor === next.actor)) {
          this.#waiting.splice(this.#waiting.indexOf(other), 1)
          other.go('die')
        }
      }
    }
    await done
  }

  #turn(actor: Actor): Promise<'make' | 'make and die' | 'die'> {
    return new Promise((go) => this.#waiting.push({ actor, go }))
  }

  /** Waits until every process waits for its turn or is done. */
  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      quiet = this.#underWay === 0 ? quiet + 1 : 0
    }
  }
}

class DeadError extends Error {
  constructor() {
    super('The stage let this process die')
    this.name = 'DeadError'
  }
}
