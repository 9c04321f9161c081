import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { Gateway } from '../../../../local/gateway/gateway.ts'
import { createLog } from '../../../../local/log.ts'
import { TelnetClient, telnet } from '../../../helpers/telnet.ts'
import { tinyFunction } from '../functions/bundle.ts'

const PATIENT = { timeout: 30_000 }

/** What was taken is remembered by the instance, so there may be but one. */
const ONE = { mostInstances: 1 }

/** Takes puts as the real one does, but for points that say otherwise by their metric; /taken lists them. */
const TAKES_PUTS = `const taken = []
let busy = 3
export const handler = async ({ rawPath, body }) => {
  if (rawPath === '/taken') return { statusCode: 200, body: JSON.stringify(taken) }
  if (rawPath === '/version') return { statusCode: 200, body: 'version\\n' }
  if (rawPath === '/stats') return { statusCode: 200, body: 'a.figure 1 2 x=y\\n' }
  const points = JSON.parse(body)
  if (points.length > 1000) return { statusCode: 413, body: '{"error":{"message":"Too much"}}' }
  if (points.some(({ metric }) => metric === 'busy') && busy-- > 0) return { statusCode: 503, body: '{}' }
  if (points.some(({ metric }) => metric === 'away')) return { statusCode: 500, body: '{"error":{"message":"no\\\\nstore"}}' }
  const bad = points.filter(({ metric }) => metric === 'bad')
  taken.push(...points.filter(({ metric }) => metric !== 'bad').map(({ metric, value }) => metric + ' ' + value))
  const errors = bad.map((datapoint) => ({ datapoint, error: 'It is bad' }))
  return { statusCode: bad.length > 0 ? 400 : 200, body: JSON.stringify({ success: 0, failed: bad.length, errors }) }
}`

async function serve() {
  const { pool } = await tinyFunction(TAKES_PUTS, {}, ONE)
  const gateway = await Gateway.listen(0, createLog('silent'))
  const routes = [{ routeKey: '$default', functionId: 'Tiny', timeoutMs: 30_000 }]
  gateway.serve({ logicalId: 'api', routes, cors: undefined }, new Map([['Tiny', pool]]))
  onTestFinished(() => gateway.close())
  const taken = async (): Promise<string[]> => {
    return JSON.parse(await (await fetch(`http://127.0.0.1:${gateway.port}/taken`)).text())
  }
  return { gateway, port: gateway.port, taken }
}

test('telnet and HTTP are told apart by the first byte', async () => {
  const { port, taken } = await serve()
  expect(await telnet(port, 'put m 1 1 a=b\n')).toBe('')
  expect(await taken()).toEqual(['m 1'])
})

test('lines come several in a packet, one in several packets, with CRLF, double spaces and none at all', async () => {
  const { port, taken } = await serve()
  const packets = [
    'put m 1 1 a=b\nput m 1 2 a=b\r\n\n  put   m  1 3\ta=b \r\npu',
    't m 1 4',
    ' a=b',
    '\nputm m 1356998400500 5 a=b\n',
  ]
  expect(await telnet(port, ...packets)).toBe('')
  expect(await taken()).toEqual(['m 1', 'm 2', 'm 3', 'm 4', 'm 5'])
})

test('an error is one line and stops none of the lines after it', async () => {
  const { port, taken } = await serve()
  const lines = [
    'put m now 1 a=b',
    'put bad 1 1 a=b',
    'putm bad 1356998400500 2 a=b',
    'gut',
    'put m 1 1',
    'put m 1 9 a=b',
  ]
  const answers = await telnet(port, `${lines.join('\n')}\n`)
  expect(answers.split('\n').sort()).toEqual(
    [
      '',
      "put: invalid value: Invalid character 'n' in now",
      'put: It is bad',
      'putm: It is bad',
      "unknown command: gut.  Try `help'.",
      'put: illegal argument: not enough arguments (need least 4, got 3)',
    ].sort(),
  )
  expect(await taken()).toEqual(['m 9'])
})

test('a store that takes nothing is a line for each point, and not the end', async () => {
  const { port, taken } = await serve()
  const client = await TelnetClient.open(port)
  client.send('put away 1 1 a=b\nput m 1 1 a=b\n')
  await expect.poll(() => client.text, PATIENT).toBe('put: Storage exception: 500 no store\n'.repeat(2))
  client.send('put m 1 2 a=b\n')
  expect(await client.end()).toBe('put: Storage exception: 500 no store\n'.repeat(2))
  expect(await taken()).toEqual(['m 2'])
})

test('points that are turned away are put again until they are taken', async () => {
  const { port, taken } = await serve()
  expect(await telnet(port, 'put busy 1 1 a=b\nput m 1 2 a=b\n')).toBe('')
  expect(await taken()).toEqual(['busy 1', 'm 2'])
})

test('a batch that is too large for the function is sent in parts', async () => {
  const { port, taken } = await serve()
  const lines = Array.from({ length: 5000 }, (_, i) => `put m 1 ${i} a=b\n`)
  expect(await telnet(port, lines.join(''))).toBe('')
  expect(await taken()).toEqual(lines.map((_, i) => `m ${i}`))
})

test('what is behind the last end of line may be cut off, and is not a point', async () => {
  const { port, taken } = await serve()
  expect(await telnet(port, 'put m 1 1 a=b\nput m 1 2')).toBe('')
  expect(await telnet(port, 'put m 1 3 a=b')).toBe('')
  expect(await taken()).toEqual(['m 1'])
})

test('a line that is too long is answered and passed over', async () => {
  const { port, taken } = await serve()
  const answers = await telnet(port, `put ${'x'.repeat(100_000)} 1 1 a=b\nput m 1 1 a=b\n`)
  expect(answers).toBe('error: line is longer than 16384 bytes\n')
  expect(await taken()).toEqual(['m 1'])
})

test('the commands answer, in order', async () => {
  const { port } = await serve()
  const answers = await telnet(port, 'version\nhelp\ndropcaches\ndiediedie\nversion\nexit\nversion\n')
  expect(answers).toBe(
    [
      'version',
      'available commands: dropcaches exit help put putm stats version',
      'dropcaches: 500 Internal Server Error',
      'diediedie: not allowed: whoever started the server stops it',
      'version',
      '',
    ].join('\n'),
  )
})

test('stats has the figures of the server and of telnet itself', async () => {
  const { port } = await serve()
  const answers = await telnet(port, 'put m 1 1\nnothing\nstats\n')
  expect(answers).toContain('\na.figure 1 2 x=y\n')
  expect(answers).toMatch(/\ntsd\.rpc\.errors \d+ 1 rpc=telnet type=illegal_arguments\n/)
  expect(answers).toMatch(/\ntsd\.rpc\.errors \d+ 1 rpc=telnet type=unknown\n/)
})

test('a client that does not read its errors stalls neither itself nor others', async () => {
  const { port, taken } = await serve()
  const deaf = await TelnetClient.open(port)
  deaf.socket.pause()
  // more answers than all buffers between here and there hold: some 25 MB
  const errors = `${'x'.repeat(1000)}\n`.repeat(2000)
  for (let i = 0; i < 12; i++) if (!deaf.socket.write(errors)) await once(deaf.socket, 'drain')
  deaf.send('put m 1 1 a=b\n')
  await expect.poll(taken, PATIENT).toEqual(['m 1'])
  const answers = await telnet(port, 'stats\n')
  const [, dropped] = /tsd\.rpc\.answers_dropped \d+ (\d+) /.exec(answers) ?? []
  expect(Number(dropped)).toBeGreaterThan(0)
  deaf.socket.destroy()
})

test('hundreds of connections at once bring each of their points', async () => {
  const { port, taken } = await serve()
  const clients = await Promise.all(Array.from({ length: 300 }, () => TelnetClient.open(port)))
  for (const [i, client] of clients.entries()) client.send(`put m 1 ${i} a=b\nput m 1 ${i}000 a=b\n`)
  expect((await Promise.all(clients.map((client) => client.end()))).join('')).toBe('')
  const all = await taken()
  expect(new Set(all).size).toBe(600)
  expect(all.length).toBe(600)
})

test('closing puts the points that were read', async () => {
  const { pool } = await tinyFunction(TAKES_PUTS, {}, ONE)
  const gateway = await Gateway.listen(0, createLog('silent'))
  const routes = [{ routeKey: '$default', functionId: 'Tiny', timeoutMs: 30_000 }]
  gateway.serve({ logicalId: 'api', routes, cors: undefined }, new Map([['Tiny', pool]]))
  // one that never says a word is not waited for
  await TelnetClient.open(gateway.port)
  const client = await TelnetClient.open(gateway.port)
  client.send('put m 1 1\nput m 1 7 a=b\n')
  await expect.poll(() => client.text, PATIENT).not.toBe('')
  await gateway.close()
  const outcome = await pool.call({ rawPath: '/taken' })
  expect(outcome).toMatchObject({ kind: 'answer', payload: expect.stringContaining('m 7') })
})

test('who hangs up in the middle of a line, or at once, is no matter', async () => {
  const { port, taken } = await serve()
  for (const text of ['', 'p', 'put m 1 1 a=b\nput m']) {
    const client = await TelnetClient.open(port)
    if (text !== '') client.send(text)
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (text.length < 2) client.socket.resetAndDestroy()
    // a reset would throw away what is on its way
    else client.socket.destroy()
  }
  await expect.poll(taken, PATIENT).toEqual(['m 1'])
})
