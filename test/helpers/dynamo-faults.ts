import type { DynamoDBClient, KeysAndAttributes, WriteRequest } from '@aws-sdk/client-dynamodb'

/** Faults still to come. */
export interface Faults {
  left(): number
}

const FAULTS = [
  { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } },
  { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } },
  { name: 'Error', code: 'ECONNRESET' },
  { name: 'ProvisionedThroughputExceededException', $metadata: { httpStatusCode: 400 } },
]

/** Lets the first `count` requests of a client fail before they are sent, each with another of DynamoDB's ways to do so. */
export function failFirst(client: DynamoDBClient, count: number): Faults {
  let left = count
  let next = 0
  client.middlewareStack.add(
    (send) => async (args) => {
      if (left === 0) return send(args)
      left--
      throw fault(next++)
    },
    { step: 'initialize', name: 'failFirst' },
  )
  return { left: () => left }
}

/** Lets every second request of a client succeed but its answer get lost. */
export function loseAnswers(client: DynamoDBClient): void {
  let requests = 0
  client.middlewareStack.add(
    (send) => async (args) => {
      const answer = await send(args)
      if (requests++ % 2 === 1) throw fault(2)
      return answer
    },
    { step: 'initialize', name: 'loseAnswers' },
  )
}

/** Lets something else be done before a client makes its n-th request of a kind, the first being 1. */
export function beforeNth(client: DynamoDBClient, commandName: string, n: number, run: () => Promise<unknown>): void {
  let made = 0
  client.middlewareStack.add(
    (send, context) => async (args) => {
      if (context.commandName === commandName && ++made === n) await run()
      return send(args)
    },
    { step: 'initialize', name: 'beforeNth' },
  )
}

/** Lets something else be done once a client's first request of a kind has succeeded, whose answer is lost then. */
export function afterFirst(client: DynamoDBClient, commandName: string, run: () => Promise<void>): void {
  let isFirst = true
  client.middlewareStack.add(
    (send, context) => async (args) => {
      const answer = await send(args)
      if (!isFirst || context.commandName !== commandName) return answer
      isFirst = false
      await run()
      throw fault(2)
    },
    { step: 'initialize', name: 'afterFirst' },
  )
}

/** Lets a client's first `count` BatchWriteItem requests write only their first item and give the rest back. */
export function leaveOut(client: DynamoDBClient, count: number): Faults {
  let left = count
  client.middlewareStack.add(
    (send) => async (args) => {
      const input = args.input as { RequestItems?: Record<string, WriteRequest[]> }
      const [entry] = Object.entries(input.RequestItems ?? {})
      if (left === 0 || entry === undefined) return send(args)
      left--
      const [table, [first, ...others]] = entry
      const answer = await send({ ...args, input: { ...input, RequestItems: { [table]: first ? [first] : [] } } })
      return { ...answer, output: { ...answer.output, UnprocessedItems: { [table]: others } } }
    },
    { step: 'initialize', name: 'leaveOut' },
  )
  return { left: () => left }
}

/** Lets a client's first `count` BatchGetItem requests read only their first key and give the rest back. */
export function leaveOutKeys(client: DynamoDBClient, count: number): Faults {
  let left = count
  client.middlewareStack.add(
    (send, context) => async (args) => {
      const input = args.input as { RequestItems?: Record<string, KeysAndAttributes> }
      const [entry] = Object.entries(input.RequestItems ?? {})
      if (left === 0 || entry === undefined || context.commandName !== 'BatchGetItemCommand') return send(args)
      left--
      const [table, asked] = entry
      const [first, ...others] = asked.Keys ?? []
      const RequestItems = { [table]: { ...asked, Keys: first ? [first] : [] } }
      const answer = await send({ ...args, input: { ...input, RequestItems } })
      return { ...answer, output: { ...answer.output, UnprocessedKeys: { [table]: { ...asked, Keys: others } } } }
    },
    { step: 'initialize', name: 'leaveOutKeys' },
  )
  return { left: () => left }
}

/**
 * Lets a client do `count` requests and refuses all that follow for good, as if its process had died.
 * @param lastAnswer whether the answer to the last of them comes through
 * @returns how many requests were made while they were let through
 */
export function dieAfter(client: DynamoDBClient, count: number, lastAnswer: boolean): { made(): number } {
  let made = 0
  client.middlewareStack.add(
    (send) => async (args) => {
      if (made >= count) throw new Error('the process is dead')
      made++
      const last = made === count
      const answer = await send(args)
      if (last && !lastAnswer) throw new Error('the process died')
      return answer
    },
    { step: 'initialize', name: 'dieAfter' },
  )
  return { made: () => made }
}

function fault(index: number): Error {
  const { name, ...rest } = FAULTS[index % FAULTS.length] ?? { name: 'Error' }
  return Object.assign(new Error('made up by the test'), { name, ...rest })
}
