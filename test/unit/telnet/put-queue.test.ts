import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { PutQueue, type PutQueueOptions } from '../../../lib/telnet/put-queue.ts'

/** A queue whose sending is held back until it is let go on. */
function held(options: PutQueueOptions = {}) {
  const batches: (readonly string[])[] = []
  const going: (() => void)[] = []
  const queue = new PutQueue(async (points) => {
    batches.push(points)
    await new Promise<void>((resolve) => going.push(resolve))
    return new Map()
  }, options)
  const settled: (string | undefined)[] = []
  const add = (...texts: string[]) => {
    for (const text of texts) queue.add(text, (fault) => settled.push(fault))
  }
  const letGo = async () => {
    going.shift()?.()
    await sleep(0)
  }
  return { queue, batches, settled, add, letGo }
}

test('a batch leaves once it has as many points as it may', () => {
  const { add, batches } = held({ points: 3, windowMs: 60_000 })
  add('1', '2')
  expect(batches).toEqual([])
  add('3')
  expect(batches).toEqual([['1', '2', '3']])
})

test('a batch leaves once it has as many characters as it may', () => {
  const { add, batches } = held({ characters: 10, windowMs: 60_000 })
  add('12345', '67890')
  expect(batches).toEqual([['12345', '67890']])
})

test('a point that stays alone leaves after the window', async () => {
  const { add, batches } = held({ windowMs: 1 })
  add('1')
  await expect.poll(() => batches).toEqual([['1']])
})

test('one batch is under way at a time, and what comes meanwhile leaves in its order', async () => {
  const { add, batches, letGo, settled } = held({ points: 2, windowMs: 60_000 })
  add('1', '2', '3', '4', '5')
  expect(batches).toEqual([['1', '2']])
  await letGo()
  expect(settled).toEqual([undefined, undefined])
  expect(batches).toEqual([
    ['1', '2'],
    ['3', '4'],
  ])
  await letGo()
  expect(batches.at(-1)).toEqual(['5'])
})

test('who reads waits while too much is held, and goes on once there is room', async () => {
  const { add, letGo, queue } = held({ heldCharacters: 3, points: 2 })
  add('12', '34')
  let isRoom = false
  void queue.room().then(() => {
    isRoom = true
  })
  await sleep(0)
  expect(isRoom).toBe(false)
  await letGo()
  expect(isRoom).toBe(true)
})

test('each point is told its own fault', async () => {
  const queue = new PutQueue(async () => new Map([[1, 'bad']]), { points: 2 })
  const told = await Promise.all(['a', 'b'].map((text) => new Promise((resolve) => queue.add(text, resolve))))
  expect(told).toEqual([undefined, 'bad'])
})

test('what keeps a batch from being taken is the fault of each of its points, and the next one is sent all the same', async () => {
  let calls = 0
  const queue = new PutQueue(
    async () => {
      if (++calls === 1) throw new Error('away')
      return new Map()
    },
    { points: 2 },
  )
  const told = ['a', 'b', 'c', 'd'].map((text) => new Promise((resolve) => queue.add(text, resolve)))
  expect(await Promise.all(told)).toEqual(['away', 'away', undefined, undefined])
})
