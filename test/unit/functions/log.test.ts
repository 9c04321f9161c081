import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EndpointNotFoundError, httpHandler } from '../../../functions/http/index.ts'
import { log } from '../../../functions/log.ts'
import { httpEvent, lambdaContext } from '../../helpers/http-event.ts'

const lines: Record<string, unknown>[] = []
const prints = (['debug', 'info', 'warn', 'error'] as const).map((level) =>
  vi.spyOn(console, level).mockImplementation((line) => lines.push({ level, ...line })),
)
// the configuration is read at the first use and kept
beforeAll(() => vi.stubEnv('TSDB_LOG_LEVEL', 'info'))
afterAll(() => {
  for (const print of prints) print.mockRestore()
  vi.unstubAllEnvs()
})

const printed = () => lines.splice(0)

describe('log(level, message, fields)', () => {
  it('prints an object at the level that is set and above', () => {
    log('debug', 'not this')
    log('info', 'this', { ms: 1.5 })
    log('error', 'and this')
    expect(printed()).toMatchObject([
      { level: 'info', message: 'this', ms: 1.5 },
      { level: 'error', message: 'and this' },
    ])
  })
})

describe('httpHandler(run) logs', () => {
  const event = httpEvent({
    path: '/api/put?token=hidden',
    body: 'hidden',
    headers: { authorization: 'Bearer hidden' },
  })

  it('a line a request, with what happened and how long it took, and nothing that was sent', async () => {
    await httpHandler(async () => ({ status: 204 }))(event, lambdaContext())
    const [line] = printed()
    expect(line).toMatchObject({
      level: 'info',
      method: 'POST',
      path: '/api/put',
      caller: 'test',
      status: 204,
      ms: expect.any(Number),
    })
    expect(JSON.stringify(line)).not.toContain('hidden')
  })

  it('the status that an error became', async () => {
    await httpHandler(async () => {
      throw new EndpointNotFoundError()
    })(event, lambdaContext())
    expect(printed()).toMatchObject([{ level: 'info', path: '/api/put', status: 404 }])
  })
})
