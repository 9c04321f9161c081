import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EndpointNotFoundError, httpHandler } from '../../../functions/http/index.ts'
import { log } from '../../../functions/log.ts'
import { httpEvent, lambdaContext } from '../../helpers/http-event.ts'

const lines: string[] = []
const print = vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line))
// the configuration is read at the first use and kept
beforeAll(() => vi.stubEnv('TSDB_LOG_LEVEL', 'info'))
afterAll(() => {
  print.mockRestore()
  vi.unstubAllEnvs()
})

const printed = () => lines.splice(0).map((line) => JSON.parse(line))

describe('log(level, message, fields)', () => {
  it('writes a line of JSON at the level that is set and above', () => {
    log('debug', 'not this')
    log('info', 'this', { ms: 1.5 })
    log('error', 'and this')
    expect(printed()).toMatchObject([
      { level: 'info', message: 'this', ms: 1.5, time: expect.stringMatching(/^\d{4}-.*Z$/) },
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
    expect(line).toMatchObject({ level: 'info', method: 'POST', path: '/api/put', status: 204, ms: expect.any(Number) })
    expect(JSON.stringify(line)).not.toContain('hidden')
  })

  it('the status that an error became', async () => {
    await httpHandler(async () => {
      throw new EndpointNotFoundError()
    })(event, lambdaContext())
    expect(printed()).toMatchObject([{ level: 'info', path: '/api/put', status: 404 }])
  })
})
