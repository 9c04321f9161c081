import { afterAll, beforeAll, expect, test } from 'vitest'
import { quoteNumbers } from '../../cli/query.ts'
import type { LocalServer } from '../../local/server.ts'
import { startTestServer } from '../helpers/server.ts'
import { TelnetClient, telnet } from '../helpers/telnet.ts'

const PATIENT = { timeout: 30_000 }

let server: LocalServer

beforeAll(async () => {
  server = await startTestServer({ batchWindowMs: 20 })
})
afterAll(() => server.close())

/** The points of a metric as they can be read, their values as texts. */
async function stored(metric: string): Promise<unknown> {
  const response = await fetch(`${server.url}/api/query?ms&start=1356998000&end=1357002000&m=none:${metric}`)
  if (response.status !== 200) return response.status
  const answer: { tags: object; dps: object }[] = JSON.parse(quoteNumbers(await response.text()))
  return answer.map(({ tags, dps }) => ({ tags, dps }))
}

test('points put by telnet can be queried, and those that are wrong are told', async () => {
  const answers = await telnet(
    server.port,
    'put telnet.points 1356998400 1 host=a\r\nput telnet.points 1356998401.5  2.50 host=a\nputm telnet.points 1356998402500 9007199254740993 ',
    'host=a\nput telnet.points 1356998403 x host=a\n',
  )
  expect(answers).toBe('put: invalid value: For input string: "x"\n')
  await expect
    .poll(() => stored('telnet.points'), PATIENT)
    .toEqual([
      { tags: { host: 'a' }, dps: { 1356998400000: '1', 1356998401500: '2.5', 1356998402500: '9007199254740993' } },
    ])
})

test('of two values for an instant on one connection the later counts', async () => {
  await telnet(server.port, 'put telnet.twice 1356998400 1 host=a\nput telnet.twice 1356998400 2 host=a\n')
  await expect
    .poll(() => stored('telnet.twice'), PATIENT)
    .toEqual([{ tags: { host: 'a' }, dps: { 1356998400000: '2' } }])
})

test('version, stats and dropcaches answer as they do by HTTP', async () => {
  const client = await TelnetClient.open(server.port)
  client.send('version\n')
  const version = await (await fetch(`${server.url}/version`)).text()
  await expect.poll(() => client.text, PATIENT).toBe(version)
  client.send('dropcaches\n')
  await expect.poll(() => client.text, PATIENT).toBe(`${version}Caches dropped.\n`)
  client.send('stats\nexit\n')
  const answers = await client.end()
  expect(answers).toMatch(/\ntsd\.uid\.ids-used \d+ \d+ function=meta kind=metrics\n/)
  expect(answers).toMatch(/\ntsd\.rpc\.received \d+ \d+ rpc=telnet type=put\n/)
})

test('what a client sent before it went away is stored', async () => {
  const client = await TelnetClient.open(server.port)
  client.send('put telnet.gone 1356998400 1 host=a\nput telnet.gone x\n')
  await expect.poll(() => client.text, PATIENT).not.toBe('')
  client.socket.resetAndDestroy()
  await expect.poll(() => stored('telnet.gone'), PATIENT).toHaveLength(1)
})
