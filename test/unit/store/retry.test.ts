import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../../lib/store/errors.ts'
import { mapParallel } from '../../../lib/store/parallel.ts'
import { Backoff, isTransient } from '../../../lib/store/retry.ts'

const named = (name: string, more: object = {}) => Object.assign(new Error(name), { name, ...more })

describe('isTransient(error)', () => {
  it.each([
    named('ThrottlingException', { $metadata: { httpStatusCode: 400 } }),
    named('ProvisionedThroughputExceededException', { $metadata: { httpStatusCode: 400 } }),
    named('InternalServerError', { $metadata: { httpStatusCode: 500 } }),
    named('ServiceUnavailable', { $metadata: { httpStatusCode: 503 } }),
    named('TimeoutError'),
    named('Error', { code: 'ECONNREFUSED' }),
    named('Error', { code: 'ECONNRESET' }),
  ])('holds for %s', (error) => {
    expect(isTransient(error)).toBe(true)
  })

  it.each([
    named('ValidationException', { $metadata: { httpStatusCode: 400 } }),
    named('ResourceNotFoundException', { $metadata: { httpStatusCode: 400 } }),
    named('AccessDeniedException', { $metadata: { httpStatusCode: 400 } }),
    named('TypeError'),
    named('Error', { $metadata: null }),
    'a text',
    undefined,
  ])('does not hold for %s', (error) => {
    expect(isTransient(error)).toBe(false)
  })
})

describe('Backoff.pause(cause)', () => {
  it('lets some attempts pass and ends with StoreUnavailableError, counting them and naming the cause', async () => {
    const backoff = new Backoff('GetItem', { deadlineMs: 60, firstPauseMs: 5, longestPauseMs: 20 })
    let pauses = 0
    const failure = await (async () => {
      for (;;) {
        await backoff.pause(new Error('slow down'))
        pauses++
      }
    })().catch((error: unknown) => error)
    expect(pauses).toBeGreaterThan(1)
    expect(failure).toBeInstanceOf(StoreUnavailableError)
    expect(failure).toMatchObject({
      message: `The store did not answer GetItem in ${pauses + 1} attempts`,
      details: 'Error: slow down',
    })
  })
})

describe('mapParallel(items, limit, run)', () => {
  it('keeps order and never runs more than the limit at a time', async () => {
    let running = 0
    let most = 0
    const answers = await mapParallel([5, 1, 4, 2, 3], 2, async (item, index) => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, item))
      running--
      return item * 10 + index
    })
    expect(answers).toEqual([50, 11, 42, 23, 34])
    expect(most).toBe(2)
  })

  it('throws the first error and starts no more', async () => {
    const started: number[] = []
    const run = mapParallel([0, 1, 2, 3, 4], 2, async (item) => {
      started.push(item)
      if (item === 1) throw new Error('one')
      await new Promise((resolve) => setTimeout(resolve, 1))
    })
    await expect(run).rejects.toThrow('one')
    expect(started).toEqual([0, 1])
  })
})
