import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { IncomingMessage } from 'node:http'
import { connect, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { BodyRoom, REQUEST_BYTES, receiveBody } from '../../../../local/gateway/body.ts'
import { Gateway } from '../../../../local/gateway/gateway.ts'
import { createLog } from '../../../../local/log.ts'
import type { ApiModel } from '../../../../local/template/index.ts'
import { tinyFunction } from '../functions/bundle.ts'

const SILENT = createLog('silent')
const ECHO = `export const handler = async (event) => {
  if (event.rawPath === '/throw') throw new Error('no')
  if (event.rawPath === '/slow') await new Promise((resolve) => setTimeout(resolve, 500))
  if (event.rawPath === '/large') return { statusCode: 200, body: 'x'.repeat(7_000_000) }
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) }
}`

async function serve(changes: Partial<ApiModel> = {}): Promise<{ url: string; port: number }> {
  const { pool } = await tinyFunction(ECHO)
  const gateway = await Gateway.listen(0, SILENT)
  const routes = ['POST /put', 'GET /slow', 'GET /throw', 'GET /large', 'ANY /tree/{id}'].map((routeKey) => ({
    routeKey,
    functionId: 'Tiny',
    timeoutMs: routeKey === 'GET /slow' ? 100 : 30_000,
  }))
  gateway.serve({ logicalId: 'api', routes, cors: undefined, ...changes }, new Map([['Tiny', pool]]))
  onTestFinished(() => gateway.close())
  return { url: `http://127.0.0.1:${gateway.port}`, port: gateway.port }
}

/** What the system lets wait at most; 0 where it does not say. */
function longestQueue(): number {
  const file = '/proc/sys/net/core/somaxconn'
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
}

/** Sends bytes as they are and returns what comes back until the server closes. */
function raw(port: number, ...pieces: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => pieces.forEach((piece) => void socket.write(piece)))
    let text = ''
    socket.on('data', (piece) => {
      text += piece
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}

test('a request reaches the function as an event and its answer the client', async () => {
  const { url } = await serve()
  const response = await fetch(`${url}/tree/7?a=1`, { method: 'DELETE' })
  expect(response.status).toBe(200)
  expect(response.headers.get('apigw-requestid')).toMatch(/^[0-9a-f-]{36}$/)
  expect(await response.json()).toMatchObject({
    routeKey: 'ANY /tree/{id}',
    pathParameters: { id: '7' },
    queryStringParameters: { a: '1' },
    requestContext: { http: { method: 'DELETE' } },
  })
})

const QUEUED = 1000
/** Opens so many connections at once, and says how many were there within five seconds, or as soon as all are. */
const OPEN_MANY = `
  const { connect } = require('node:net')
  let open = 0
  const end = () => { process.stdout.write(String(open)); process.exit() }
  setTimeout(end, 5000)
  for (let i = 0; i < ${QUEUED}; i++) {
    connect(Number(process.argv[1]), '127.0.0.1', () => { if (++open === ${QUEUED}) end() }).on('error', () => {})
  }`

// Node's own is 511; those beyond were reset once they had sent their requests, which thousands of clients at once take for no answer.
test.runIf(longestQueue() >= QUEUED)('many connections wait until the gateway comes to take them', async () => {
  const { port } = await serve()
  // Nothing is accepted meanwhile: this thread waits for the other process.
  expect(execFileSync(process.execPath, ['-e', OPEN_MANY, String(port)]).toString()).toBe(String(QUEUED))
})

test('the answers of the gateway itself are API Gateway’s', async () => {
  const { url } = await serve()
  const answers = []
  for (const path of ['/nothing', '/throw', '/large', '/slow', '/%zz']) {
    const response = await fetch(url + path)
    answers.push([path, response.status, await response.text()])
  }
  expect(answers).toEqual([
    ['/nothing', 404, '{"message":"Not Found"}'],
    ['/throw', 500, '{"message":"Internal Server Error"}'],
    ['/large', 500, '{"message":"Internal Server Error"}'],
    ['/slow', 503, '{"message":"Service Unavailable"}'],
    ['/%zz', 400, '{"message":"Bad Request"}'],
  ])
})

test('who is turned away for now is told when to come again', async () => {
  const { url } = await serve()
  const response = await fetch(`${url}/slow`)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
})

test('bodies are held up to a limit for all together, and each is given back', async () => {
  const room = new BodyRoom(10)
  const body = (text: string) => {
    const request = new IncomingMessage(new Socket())
    request.push(text)
    request.push(null)
    return receiveBody(request, room)
  }
  expect(await body('123456')).toMatchObject({ kind: 'whole' })
  expect(await body('123456')).toEqual({ kind: 'noRoom' })
  expect(await body('1234')).toMatchObject({ kind: 'whole' })
  room.give(6)
  expect(await body('123456')).toMatchObject({ kind: 'whole' })
})

test('HEAD has the length and no body', async () => {
  const { url } = await serve()
  const response = await fetch(`${url}/tree/7`, { method: 'HEAD' })
  expect([response.status, await response.text()]).toEqual([200, ''])
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(100)
})

test('a body that Lambda’s event can’t hold is 413, though the gateway would take it', async () => {
  const { url } = await serve()
  const post = (bytes: number, headers: Record<string, string>) =>
    fetch(`${url}/put`, { method: 'POST', body: Buffer.alloc(bytes, 'x'), headers })
  const text = { 'content-type': 'text/plain' }
  expect((await post(6_100_000, text)).status).toBe(200)
  expect((await post(6_400_000, text)).status).toBe(413)
  expect((await post(4_900_000, { 'content-type': 'application/octet-stream' })).status).toBe(413)
})

test('a body beyond 10 MB is 413, announced or not', async () => {
  const { url } = await serve()
  const body = Buffer.alloc(REQUEST_BYTES + 1, 'x')
  const announced = await fetch(`${url}/put`, { method: 'POST', body })
  expect([announced.status, await announced.text()]).toEqual([413, '{"message":"Request Entity Too Large"}'])

  const stream = new ReadableStream({
    start(controller) {
      for (let sent = 0; sent <= REQUEST_BYTES; sent += 1_000_000) controller.enqueue(body.subarray(0, 1_000_000))
      controller.close()
    },
  })
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: stream, duplex: 'half' }
  expect((await fetch(`${url}/put`, init)).status).toBe(413)
})

test('who asks before sending is told at once that the body is too large', async () => {
  const { port } = await serve()
  const head = `POST /put HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${REQUEST_BYTES + 1}\r\n\r\n`
  const socket = connect(port, '127.0.0.1', () => void socket.write(head))
  const answer = await new Promise((resolve) => socket.once('data', (piece) => resolve(String(piece))))
  socket.destroy()
  expect(answer).toMatch(/^HTTP\/1.1 413 /)
})

test('who asks before sending a body that fits is told to go on', async () => {
  const { port } = await serve()
  const head = 'POST /put HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n'
  expect(await raw(port, head, 'hi')).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/)
})

test('clients that go away in the middle leave the gateway as it was', async () => {
  const { url, port } = await serve()
  for (let client = 0; client < 20; client++) {
    const socket = connect(port, '127.0.0.1')
    socket.write('POST /put HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf of it')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.destroy()
  }
  expect((await fetch(`${url}/tree/1`)).status).toBe(200)
})

test('several requests use one connection', async () => {
  const { port } = await serve()
  const get = 'GET /tree/1 HTTP/1.1\r\nHost: x\r\n\r\n'
  const last = 'GET /tree/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  expect((await raw(port, get, get, last)).match(/HTTP\/1.1 200/g)).toHaveLength(3)
})

test('with CORS, the gateway answers preflights itself and marks every other answer', async () => {
  const cors = {
    allowOrigins: ['https://a.example'],
    allowMethods: ['GET'],
    allowHeaders: ['x-a'],
    exposeHeaders: [],
    allowCredentials: false,
    maxAgeSeconds: 60,
  }
  const { url } = await serve({ cors })
  const preflight = await fetch(`${url}/tree/1`, {
    method: 'OPTIONS',
    headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-methods')).toBe('GET')
  expect(preflight.headers.get('access-control-max-age')).toBe('60')
  const marked = async (origin: string) =>
    (await fetch(`${url}/tree/1`, { headers: { origin } })).headers.get('access-control-allow-origin')
  expect(await marked('https://a.example')).toBe('https://a.example')
  expect(await marked('https://b.example')).toBeNull()
})

const AUTHORIZE = `export const handler = async ({ headers, routeKey }) =>
  ({ isAuthorized: headers.authorization !== 'no', context: { token: headers.authorization, routeKey } })`

test('with auth, a route that has an authorizer asks it first; without, functions are told that the caller may do everything', async () => {
  const [{ pool }, { pool: authorize }] = [await tinyFunction(ECHO), await tinyFunction(AUTHORIZE)]
  const guard = {
    logicalId: 'Guard',
    functionId: 'Authorize',
    identitySources: ['$request.header.Authorization', '$context.routeKey'],
    ttlMs: 30_000,
  }
  const route = { functionId: 'Tiny', timeoutMs: 30_000 }
  const routes = [
    { ...route, routeKey: 'GET /closed', authorizerId: 'Guard' },
    { ...route, routeKey: 'GET /open' },
    { ...route, routeKey: 'GET /broken', authorizerId: 'Nobody' },
  ]
  const callers = async (auth: boolean) => {
    const gateway = await Gateway.listen(0, SILENT)
    onTestFinished(() => gateway.close())
    const pools = new Map([
      ['Tiny', pool],
      ['Authorize', authorize],
    ])
    gateway.serve({ logicalId: 'api', routes, cors: undefined, authorizers: [guard] }, pools, { auth })
    return async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers })
      const { requestContext, message } = JSON.parse(await response.text())
      return [response.status, message ?? requestContext.authorizer ?? 'nobody']
    }
  }
  const asked = await callers(true)
  expect(await asked('/closed')).toEqual([401, 'Unauthorized'])
  expect(await asked('/closed', { authorization: 'no' })).toEqual([403, 'Forbidden'])
  const told = { lambda: { token: 'me', routeKey: 'GET /closed' } }
  expect(await asked('/closed', { authorization: 'me' })).toEqual([200, told])
  expect(await asked('/open')).toEqual([200, 'nobody'])
  expect(await asked('/broken', { authorization: 'me' })).toEqual([500, 'Internal Server Error'])

  const open = await callers(false)
  for (const path of ['/closed', '/open', '/broken']) {
    expect(await open(path)).toEqual([200, { lambda: expect.objectContaining({ scopes: 'put,query,admin' }) }])
  }
})

test('a taken port is refused in one line', async () => {
  const { port } = await serve()
  await expect(Gateway.listen(port, SILENT)).rejects.toThrow(`Port ${port} is taken: choose another with --port`)
})

test('closing waits for what was accepted', async () => {
  const { pool } = await tinyFunction(ECHO)
  const gateway = await Gateway.listen(0, SILENT)
  const routes = [{ routeKey: 'GET /slow', functionId: 'Tiny', timeoutMs: 30_000 }]
  let called: () => void = () => undefined
  const accepted = new Promise<void>((resolve) => {
    called = resolve
  })
  const call = pool.call.bind(pool)
  pool.call = (event) => {
    called()
    return call(event)
  }
  gateway.serve({ logicalId: 'api', routes, cors: undefined }, new Map([['Tiny', pool]]))
  const response = fetch(`http://127.0.0.1:${gateway.port}/slow`)
  await accepted
  await gateway.close()
  expect((await response).status).toBe(200)
  await expect(fetch(`http://127.0.0.1:${gateway.port}/slow`)).rejects.toThrow()
})

test('what is asked while the server starts waits, and is answered once it serves', async () => {
  const { pool } = await tinyFunction(ECHO)
  const gateway = await Gateway.listen(0, SILENT)
  onTestFinished(() => gateway.close())
  const asked = fetch(`http://127.0.0.1:${gateway.port}/put`, { method: 'POST', body: 'early' })
  const routes = [{ routeKey: 'POST /put', functionId: 'Tiny', timeoutMs: 30_000 }]
  gateway.serve({ logicalId: 'api', routes, cors: undefined }, new Map([['Tiny', pool]]))
  const response = await asked
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ body: 'early' })
})

test('what is asked while a server starts that never serves is refused', async () => {
  const gateway = await Gateway.listen(0, SILENT)
  const { port } = gateway
  const asked = raw(port, 'GET /put HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await gateway.close()
  expect(await asked).toMatch(/^HTTP\/1\.1 503 /)
})
