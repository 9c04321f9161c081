import { expect, test } from 'vitest'
import { mostInstances } from '../../../../local/functions/pool.ts'
import { tinyFunction } from './bundle.ts'

test('a handler gets the event and answers with JSON', async () => {
  const { pool } = await tinyFunction(
    'export const handler = async (event) => ({ twice: event.n * 2, none: undefined })',
  )
  expect(await pool.call({ n: 21 })).toEqual({ kind: 'answer', payload: '{"twice":42}' })
})

test('a long text that is the body of an answer comes beside it', async () => {
  const { pool } = await tinyFunction(
    'export const handler = async ({ length, ...more }) => ({ statusCode: 200, body: "é".repeat(length), ...more })',
  )
  const outcome = await pool.call({ length: 70_000 })
  expect(outcome).toMatchObject({ kind: 'answer', payload: '{"statusCode":200}' })
  expect(outcome.kind === 'answer' && Buffer.from(outcome.body ?? []).toString()).toBe('é'.repeat(70_000))
  const within = (value: object) => ({ kind: 'answer', payload: JSON.stringify(value) })
  expect(await pool.call({ length: 2 })).toEqual(within({ statusCode: 200, body: 'éé' }))
  const packed = { statusCode: 200, body: 'x'.repeat(70_000), isBase64Encoded: true }
  expect(await pool.call({ ...packed, length: 0 })).toEqual(within(packed))
})

test('a handler sees its own environment and nothing of the runner’s', async () => {
  const source = 'export const handler = () => ({ ...process.env })'
  const { pool } = await tinyFunction(source, {}, { environment: { TABLE: 'tsdb' } })
  expect(await pool.call({})).toEqual({ kind: 'answer', payload: '{"TABLE":"tsdb"}' })
})

test('the context says who is called and how much time is left', async () => {
  const source = `export const handler = (_, context) => ({
    name: context.functionName,
    memory: context.memoryLimitInMB,
    id: context.awsRequestId.length,
    left: context.getRemainingTimeInMillis() > 0 && context.getRemainingTimeInMillis() <= 5000,
  })`
  const { pool } = await tinyFunction(source)
  expect(await pool.call({})).toEqual({
    kind: 'answer',
    payload: '{"name":"tiny","memory":"128","id":36,"left":true}',
  })
})

test('an instance keeps its module between events and handles one at a time', async () => {
  const source = `
    let running = 0
    let calls = 0
    export const handler = async () => {
      running++
      await new Promise((resolve) => setTimeout(resolve, 5))
      return { calls: ++calls, running: running-- }
    }`
  const { pool } = await tinyFunction(source, {}, { mostInstances: 1 })
  const outcomes = await Promise.all([1, 2, 3].map((n) => pool.call({ n })))
  expect(outcomes.map((outcome) => outcome.kind === 'answer' && JSON.parse(outcome.payload))).toEqual([
    { calls: 1, running: 1 },
    { calls: 2, running: 1 },
    { calls: 3, running: 1 },
  ])
})

test('where one instance is not enough, others are started up to the most', async () => {
  const source = `
    import { threadId } from 'node:worker_threads'
    export const handler = async () => {
      await new Promise((resolve) => setTimeout(resolve, 150))
      return threadId
    }`
  const { pool } = await tinyFunction(source, {}, { mostInstances: 2 })
  const outcomes = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => pool.call({ n })))
  const threads = new Set(outcomes.map((outcome) => outcome.kind === 'answer' && outcome.payload))
  expect(threads.size).toBe(2)
})

test('others are started for an event that has waited for long, not where many have waited for a moment each', async () => {
  const source = `
    import { threadId } from 'node:worker_threads'
    export const handler = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return threadId
    }`
  const threadsOf = async (patienceMs: number) => {
    const { pool } = await tinyFunction(source, {}, { mostInstances: 2, patienceMs })
    await pool.warm()
    const threads = new Set<unknown>()
    // There is always one that waits, for longer altogether than any is to wait.
    const until = performance.now() + 1500
    const ask = async () => {
      while (performance.now() < until) {
        const outcome = await pool.call({})
        threads.add(outcome.kind === 'answer' && outcome.payload)
      }
    }
    await Promise.all([ask(), ask(), ask()])
    return threads.size
  }
  expect(await threadsOf(1000)).toBe(1)
  expect(await threadsOf(10)).toBe(2)
})

test('an instance that nobody waits for is stopped once it has nothing to do, and started again; one that is kept stays', async () => {
  const source = 'let calls = 0; export const handler = () => ++calls'
  for (const kept of [0, 1] as const) {
    const { pool } = await tinyFunction(source, {}, { kept, idleMs: 20 })
    await pool.warm()
    expect(await pool.call({})).toEqual({ kind: 'answer', payload: '1' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await pool.call({})).toEqual({ kind: 'answer', payload: kept === 0 ? '1' : '2' })
  }
})

test('an event that waits for longer than its sender would is turned away, and never handled', async () => {
  const source = `
    let calls = 0
    export const handler = async (event) => {
      calls++
      await new Promise((resolve) => setTimeout(resolve, event.ms))
      return calls
    }`
  const { pool } = await tinyFunction(source, {}, { mostInstances: 1 })
  const first = pool.call({ ms: 300 })
  const second = pool.call({ ms: 0 }, 50)
  const third = pool.call({ ms: 0 }, 4_000)
  expect(await second).toEqual({ kind: 'throttled' })
  expect(await first).toEqual({ kind: 'answer', payload: '1' })
  expect(await third).toEqual({ kind: 'answer', payload: '2' })
})

test('an object that is logged stays one, with the id of the request', async () => {
  const source = `export const handler = (_, { awsRequestId }) => {
    console.warn({ message: 'odd', points: 3 })
    return awsRequestId
  }`
  const { pool, logged } = await tinyFunction(source)
  const outcome = await pool.call({})
  const requestId = outcome.kind === 'answer' ? JSON.parse(outcome.payload) : undefined
  const [line = ''] = logged
  expect(JSON.parse(line.slice(line.indexOf('{')))).toEqual({ requestId, message: 'odd', points: 3 })
})

test('a handler that throws is an error, and its instance goes on', async () => {
  const source = `
    let calls = 0
    export const handler = async () => {
      if (++calls === 1) throw new RangeError('too far')
      return calls
    }`
  const { pool, logged } = await tinyFunction(source)
  expect(await pool.call({})).toEqual({ kind: 'error', name: 'RangeError', message: 'too far' })
  expect(logged[0]).toMatch(/^error tiny: RangeError: too far/)
  expect(await pool.call({})).toEqual({ kind: 'answer', payload: '2' })
})

test('a handler that runs over its time is ended, even in an endless loop, and replaced', async () => {
  const source = `
    let calls = 0
    export const handler = (event) => {
      calls++
      while (event.loop) {}
      return calls
    }`
  const { pool, logged } = await tinyFunction(source, { timeoutMs: 100 })
  expect(await pool.call({ loop: true })).toEqual({ kind: 'timeout' })
  expect(logged).toContain('error tiny: Task timed out after 0.10 seconds')
  expect(await pool.call({})).toEqual({ kind: 'answer', payload: '1' })
})

test('an instance that ends itself is a crash and is replaced', async () => {
  const source = 'export const handler = (event) => event.exit ? process.exit(3) : "alive"'
  const { pool } = await tinyFunction(source)
  expect(await pool.call({ exit: true })).toEqual({ kind: 'crash', message: 'the instance ended with 3' })
  expect(await pool.call({})).toEqual({ kind: 'answer', payload: '"alive"' })
})

test('an instance that passes its memory is a crash and takes nothing else with it', async () => {
  const source = `
    export const handler = (event) => {
      const kept = []
      while (event.hoard) kept.push(new Array(10_000).fill(kept.length))
      return 'alive'
    }`
  const { pool } = await tinyFunction(source, { memoryMb: 32 })
  const outcome = await pool.call({ hoard: true })
  expect(outcome).toMatchObject({ kind: 'crash', message: expect.stringContaining('memory') })
  expect(await pool.call({})).toEqual({ kind: 'answer', payload: '"alive"' })
})

test('a bundle that does not load is a crash that says why, for each call', async () => {
  const { pool, logged } = await tinyFunction('throw new Error("no configuration"); export const handler = 1')
  for (let call = 0; call < 2; call++) {
    expect(await pool.call({})).toMatchObject({ kind: 'crash', message: expect.stringContaining('no configuration') })
  }
  expect(logged.join()).toContain('no configuration')
})

test('what a handler prints goes to the log with its level, from the template’s level on', async () => {
  const source = `export const handler = () => {
    console.debug('d'); console.log('l %d', 1); console.warn('w'); console.error({ e: 1 })
  }`
  const { pool, logged } = await tinyFunction(source, { logLevel: 'info' })
  expect(await pool.call({})).toEqual({ kind: 'answer', payload: 'null' })
  const withId = expect.stringMatching(/^error tiny: {"requestId":"[0-9a-f-]{36}","e":1}$/)
  expect(logged).toEqual(['info  tiny: l 1', 'warn  tiny: w', withId])
})

test('a stopped pool takes nothing more', async () => {
  const { pool } = await tinyFunction('export const handler = () => 1')
  await pool.stop()
  expect(await pool.call({})).toEqual({ kind: 'throttled' })
})

test('a function with more memory gets fewer instances, by the cores there are, and never less than two', () => {
  expect([1, 2, 4, 8].map((cores) => mostInstances(1769, cores))).toEqual([4, 8, 8, 8])
  expect([1, 2, 4, 8].map((cores) => mostInstances(3538, cores))).toEqual([2, 4, 8, 8])
  expect(mostInstances(10_240, 1)).toBe(2)
})
