import { expect, test } from 'vitest'
import type { PoolOutcome } from '../../../../local/functions/pool.ts'
import { deliver } from '../../../../local/stream/deliver.ts'
import type { StreamRecord } from '../../../../local/stream/records.ts'
import type { MappingModel } from '../../../../local/template/index.ts'
import { mappingModel, records } from './records.ts'

const PASSED: PoolOutcome = { kind: 'answer', payload: '{"batchItemFailures":[]}' }
const THREW: PoolOutcome = { kind: 'error', name: 'Error', message: 'no' }

/** The answer of a function that could not deal with these records. */
function failing(...sequenceNumbers: string[]): PoolOutcome {
  const batchItemFailures = sequenceNumbers.map((itemIdentifier) => ({ itemIdentifier }))
  return { kind: 'answer', payload: JSON.stringify({ batchItemFailures }) }
}

/** Delivers records 1 to n to a function that answers as told, and writes down what happens. */
async function story(
  batch: readonly StreamRecord[],
  mapping: Partial<MappingModel>,
  answer: (names: string, call: number) => PoolOutcome,
): Promise<string[]> {
  const events: string[] = []
  const names = (list: readonly StreamRecord[]) => list.map((record) => record.SequenceNumber).join('')
  let calls = 0
  await deliver(batch, mappingModel(mapping), {
    call: async (list) => {
      events.push(`call ${names(list)}`)
      return answer(names(list), ++calls)
    },
    checkpoint: async (last) => void events.push(`checkpoint ${last.SequenceNumber}`),
    giveUp: async (list, why, times) => void events.push(`give up ${names(list)} ${why} after ${times}`),
    rest: async () => undefined,
    now: () => 100_000,
    stopped: () => events.length > 50,
  })
  return events
}

test('a batch that passes is called for once and checkpointed at its last record', async () => {
  expect(await story(records(3), {}, () => PASSED)).toEqual(['call 123', 'checkpoint 3'])
})

test('the lowest failed record is where the next call begins, however the failures are ordered', async () => {
  const events = await story(records(5), {}, (_, call) => (call === 1 ? failing('4', '3') : PASSED))
  expect(events).toEqual(['call 12345', 'checkpoint 2', 'call 345', 'checkpoint 5'])
})

test('a failure of the first record is a failure of the whole batch', async () => {
  const events = await story(records(3), { bisectOnError: true }, (_, call) => (call < 3 ? failing('1') : PASSED))
  expect(events).toEqual(['call 123', 'call 123', 'call 123', 'checkpoint 3'])
})

test('a failure of a record that was not in the batch is a failure of the whole batch', async () => {
  expect(await story(records(2), {}, (_, call) => (call === 1 ? failing('9') : PASSED))).toEqual([
    'call 12',
    'call 12',
    'checkpoint 2',
  ])
})

test('failures are not looked at where the mapping does not ask for them', async () => {
  expect(await story(records(2), { reportItemFailures: false }, () => failing('1'))).toEqual([
    'call 12',
    'checkpoint 2',
  ])
})

test('an answer without failures passes', async () => {
  expect(await story(records(1), {}, () => ({ kind: 'answer', payload: 'null' }))).toEqual(['call 1', 'checkpoint 1'])
})

test('without bisecting, a batch that throws is tried again as a whole', async () => {
  const events = await story(records(3), {}, (_, call) => (call < 3 ? THREW : PASSED))
  expect(events).toEqual(['call 123', 'call 123', 'call 123', 'checkpoint 3'])
})

test('with bisecting, halves of a batch that throws follow in order until the bad record is alone', async () => {
  const bad = (names: string) => (names.includes('4') ? THREW : PASSED)
  expect(await story(records(5), { bisectOnError: true, maxRetries: 1 }, bad)).toEqual([
    'call 12345',
    'call 123',
    'checkpoint 3',
    'call 45',
    'call 4',
    'call 4',
    'give up 4 RetryAttemptsExhausted after 2',
    'checkpoint 4',
    'call 5',
    'checkpoint 5',
  ])
})

test('crashes and timeouts bisect like errors', async () => {
  const bad = (names: string): PoolOutcome => (names.length > 1 ? { kind: 'timeout' } : PASSED)
  expect(await story(records(2), { bisectOnError: true }, bad)).toEqual([
    'call 12',
    'call 1',
    'checkpoint 1',
    'call 2',
    'checkpoint 2',
  ])
})

test('retries are counted afresh once some records have passed', async () => {
  const answers = [failing('1'), failing('3'), failing('3'), PASSED]
  expect(await story(records(3), { maxRetries: 1 }, (_, call) => answers[call - 1] ?? THREW)).toEqual([
    'call 123',
    'call 123',
    'checkpoint 2',
    'call 3',
    'call 3',
    'checkpoint 3',
  ])
})

test('without a most, retries go on', async () => {
  const events = await story(records(1), { maxRetries: -1 }, () => THREW)
  expect(events).toEqual(new Array(51).fill('call 1'))
})

test('having no room for a call is not a failure of its records', async () => {
  const answer = (_: string, call: number): PoolOutcome => (call < 5 ? { kind: 'throttled' } : PASSED)
  expect((await story(records(2), { maxRetries: 0, bisectOnError: true }, answer)).at(-1)).toBe('checkpoint 2')
})

test('records beyond the most age are given up without a call', async () => {
  // It is second 100; the records came in seconds 90 to 94.
  const events = await story(records(5, 90), { maxRecordAgeSeconds: 8 }, () => PASSED)
  expect(events).toEqual(['give up 12 MaximumRecordAgeExceeded after 0', 'checkpoint 2', 'call 345', 'checkpoint 5'])
})
