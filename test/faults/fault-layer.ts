import type { DynamoDBClient, WriteRequest } from '@aws-sdk/client-dynamodb'
import type { KinesisClient, PutRecordsRequestEntry, PutRecordsResultEntry } from '@aws-sdk/client-kinesis'
import type { Actor, Stage } from '../helpers/stage.ts'

/** Every way in which a request can go wrong. */
export const FAULT_KINDS = [
  'throttled',
  'failed',
  'answer lost',
  'slow',
  'partial write',
  'partial read',
  'partial records',
  'outage',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** Chances of a request, of 1. */
const CHANCES: Readonly<Record<FaultKind, number>> = {
  throttled: 0.03,
  failed: 0.02,
  'answer lost': 0.04,
  slow: 0.04,
  'partial write': 0.15,
  'partial read': 0.1,
  'partial records': 0.3,
  // Of the beginning of one, in which requests to one service fail for a while.
  outage: 0.003,
}
/** Requests that an outage lasts at most. */
const LONGEST_OUTAGE = 150
/** Turns of others that a slow request waits at most, before it is made and before it is answered. */
const SLOWEST = 6

interface Input {
  readonly RequestItems?: Readonly<Record<string, WriteRequest[] | { readonly Keys: object[] }>>
  readonly Records?: readonly PutRecordsRequestEntry[]
}

/** Makes requests of SDK clients fail, in the SDK's own middleware, as DynamoDB, Kinesis and networks do. */
export class FaultLayer {
  readonly counts = new Map<string, number>()
  /** Requests that were let through, whole or in part. */
  calls = 0
  on = true
  readonly #random: () => number
  readonly #stage: Stage
  readonly #outages = new Map<string, number>()

  constructor(random: () => number, stage: Stage) {
    this.#random = random
    this.#stage = stage
  }

  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
  }

  /** Has a client's requests go wrong; those that are made take their turn on the stage. */
  trouble(client: DynamoDBClient | KinesisClient, actor: Actor): void {
    // Both have the same kind of stack, but TypeScript can't call the methods of a union of them.
    const { middlewareStack } = client as DynamoDBClient
    middlewareStack.add(
      (send, { commandName, clientName }) =>
        async (args) => {
          if (!this.on) return this.#pass(() => send(args))
          this.#refuse(String(clientName))
          await this.#wait(actor)
          const part = this.#leaveOut(String(commandName), args.input)
          if (part?.input === undefined && part !== undefined) return { output: part.amend({}), response: {} } as never
          const answer = await this.#pass(() => send({ ...args, input: part?.input ?? args.input }))
          await this.#wait(actor)
          if (this.#happens('answer lost')) throw networkError()
          if (part !== undefined) Object.assign(answer.output, part.amend(answer.output))
          return answer
        },
      { step: 'initialize', priority: 'high', name: 'faults' },
    )
  }

  async #pass<T>(send: () => Promise<T>): Promise<T> {
    this.calls++
    return send()
  }

  #happens(kind: FaultKind): boolean {
    if (this.#random() >= CHANCES[kind]) return false
    this.count(kind)
    return true
  }

  /** @throws what the service would */
  #refuse(service: string): void {
    const left = this.#outages.get(service) ?? 0
    if (left > 0) {
      this.#outages.set(service, left - 1)
      throw serviceError('InternalServerError', 500)
    }
    if (this.#happens('outage')) this.#outages.set(service, Math.ceil(this.#random() * LONGEST_OUTAGE))
    if (this.#happens('throttled')) throw serviceError('ProvisionedThroughputExceededException', 400)
    if (this.#happens('failed')) throw serviceError('InternalServerError', 500)
  }

  async #wait(actor: Actor): Promise<void> {
    if (!this.#happens('slow')) return
    for (let turns = Math.ceil(this.#random() * SLOWEST); turns > 0; turns--) await this.#stage.pause(actor)
  }

  /**
   * Lets only a part of what a request is for be done, and the rest be given back with the answer.
   * @returns what to ask for, nothing where all is given back, and what becomes of the answer
   */
  #leaveOut(command: string, given: object): { input?: object; amend: (output: object) => object } | undefined {
    const input: Input = given
    const halve = <T>(all: readonly T[], least: number): [T[], T[]] => {
      const kept: T[] = []
      const left: T[] = []
      for (const each of all) (this.#random() < 0.5 ? kept : left).push(each)
      while (kept.length < least) kept.push(...left.splice(0, 1))
      return [kept, left]
    }
    const [entry] = Object.entries(input.RequestItems ?? {})
    if (command === 'BatchWriteItemCommand' && entry !== undefined && Array.isArray(entry[1])) {
      if (entry[1].length < 2 || !this.#happens('partial write')) return undefined
      const [kept, left] = halve(entry[1], 1)
      const amend = () => (left.length === 0 ? {} : { UnprocessedItems: { [entry[0]]: left } })
      return { input: { ...input, RequestItems: { [entry[0]]: kept } }, amend }
    }
    if (command === 'BatchGetItemCommand' && entry !== undefined && !Array.isArray(entry[1])) {
      const { Keys } = entry[1]
      if (Keys.length < 2 || !this.#happens('partial read')) return undefined
      const [kept, left] = halve(Keys, 1)
      const amend = () => (left.length === 0 ? {} : { UnprocessedKeys: { [entry[0]]: { ...entry[1], Keys: left } } })
      return { input: { ...input, RequestItems: { [entry[0]]: { ...entry[1], Keys: kept } } }, amend }
    }
    if (command === 'PutRecordsCommand' && input.Records !== undefined) {
      if (!this.#happens('partial records')) return undefined
      const records = input.Records
      const [kept, refused] = halve(records, 0)
      const amend = (output: { Records?: PutRecordsResultEntry[] }) => {
        const results = [...(output.Records ?? [])]
        const Records = records.map((record) =>
          refused.includes(record)
            ? { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded for shard' }
            : results.shift(),
        )
        return { Records, FailedRecordCount: refused.length }
      }
      return kept.length === 0 ? { amend } : { input: { ...input, Records: kept }, amend }
    }
    return undefined
  }
}

function serviceError(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('made up by the fault layer'), { name, $metadata: { httpStatusCode } })
}

function networkError(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
}
