import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { type Received, startAnswering } from '../../../helpers/cli.ts'
import { relayFolder, spawnRelay, testRelay } from '../../../helpers/relay.ts'
import { TelnetClient, telnet } from '../../../helpers/telnet.ts'

const PATIENT = { timeout: 30_000 }
type Answer = Parameters<typeof startAnswering>[0]

/** A server that answers as it is told, and the values that it was sent. */
async function cloud(answer: Answer = () => ({ status: 204 })) {
  const server = await startAnswering(answer)
  onTestFinished(() => server.close())
  const values = () => server.received.flatMap(valuesOf)
  return { ...server, values }
}

function pointsOf({ body }: Received): { metric: string; value: unknown }[] {
  return JSON.parse(body)
}
const valuesOf = (request: Received) => pointsOf(request).map(({ value }) => Number(value))

function post(port: number, body: string | Buffer, path = '/api/put', headers: Record<string, string> = {}) {
  return fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers })
}
const point = (value: number | string, metric = 'm') => ({ metric, timestamp: 1356998400, value, tags: { a: 'b' } })

test('points by telnet and HTTP reach the server as few packed requests', async () => {
  const to = await cloud()
  const { port } = await testRelay(to.url, { token: 'secret', windowMs: 300 })
  await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      expect(await telnet(port, `put m 1356998400 ${i} a=b\n`)).toBe('')
      expect((await post(port, JSON.stringify([point(1000 + i)]))).status).toBe(204)
    }),
  )
  await expect.poll(() => to.values().length, PATIENT).toBe(100)
  expect(to.received.length).toBeLessThan(20)
  expect(to.received[0]).toMatchObject({
    method: 'POST',
    path: '/api/put?details',
    headers: { authorization: 'Bearer secret', 'content-encoding': 'gzip' },
  })
  expect(new Set(to.values()).size).toBe(100)
})

test('every digit of a value arrives', async () => {
  const to = await cloud()
  const { port } = await testRelay(to.url)
  await telnet(port, 'put m 1356998400 9223372036854775807 a=b\nputm m 1356998400500 0.1 a=b\n')
  await post(port, '{"metric":"m","timestamp":1356998400,"value":9007199254740993,"tags":{"a":"b"}}')
  await expect.poll(() => to.received.flatMap(pointsOf).length, PATIENT).toBe(3)
  const sent = to.received.map(({ body }) => body).join()
  expect(sent).toContain(':9223372036854775807,')
  expect(sent).toContain('"timestamp":1356998400500,"value":0.1,')
  expect(sent).toContain('"9007199254740993"')
})

test('HTTP is answered as the server would', async () => {
  const { port } = await testRelay((await cloud()).url)
  const bad = await post(port, JSON.stringify([point(1), point('x')]), '/api/put?details')
  expect(bad.status).toBe(400)
  expect(await bad.json()).toMatchObject({
    success: 1,
    failed: 1,
    errors: [{ error: expect.stringMatching(/number/) }],
  })
  expect((await post(port, JSON.stringify([point('x')]))).status).toBe(400)
  expect((await post(port, '[]')).status).toBe(400)
  expect((await post(port, '{')).status).toBe(400)
  expect(
    (await post(port, gzipSync(JSON.stringify(point(1))), '/api/v1/put/', { 'content-encoding': 'gzip' })).status,
  ).toBe(204)
  expect((await post(port, 'x'.repeat(7_000_000))).status).toBe(413)
  expect((await fetch(`http://127.0.0.1:${port}/api/put`)).status).toBe(405)
  expect((await fetch(`http://127.0.0.1:${port}/api/query`)).status).toBe(404)
  expect((await fetch(`http://127.0.0.1:${port}/api/version`)).status).toBe(200)
})

test('telnet is answered as the server would', async () => {
  const { port } = await testRelay((await cloud()).url)
  expect(await telnet(port, 'put m 1 1\nversion\ndropcaches\nexit\n')).toBe(
    'put: illegal argument: not enough arguments (need least 4, got 3)\ntsdb relay, speaking the API of OpenTSDB 2.4.1\nCaches dropped.\n',
  )
})

test('while the server is away points wait on disk, and then arrive in order', async () => {
  let away = true
  const to = await cloud(() => (away ? { status: 503, headers: { 'retry-after': '0' } } : { status: 204 }))
  const relay = await testRelay(to.url)
  for (let i = 0; i < 5; i++) await post(relay.port, JSON.stringify(point(i)))
  await expect.poll(() => to.received.length, PATIENT).toBeGreaterThan(0)
  expect(relay.waiting()).toBe(5)
  away = false
  const tried = to.received.length
  await expect.poll(() => relay.waiting(), PATIENT).toBe(0)
  expect(to.received.slice(tried).flatMap(valuesOf).slice(-5)).toEqual([0, 1, 2, 3, 4])
  expect(relay.trouble.join()).toContain('status 503')
})

test('a wrong token keeps points waiting, and drops none', async () => {
  let token = 'wrong'
  const to = await cloud(() =>
    token === 'wrong' ? { status: 401, body: '{"error":{"message":"No token"}}' } : { status: 204 },
  )
  const relay = await testRelay(to.url)
  await post(relay.port, JSON.stringify(point(7)))
  await expect.poll(() => relay.trouble.join(), PATIENT).toContain('401 No token')
  token = 'right'
  await expect.poll(() => relay.waiting(), PATIENT).toBe(0)
  expect(to.values().at(-1)).toBe(7)
})

test('a point that the server refuses goes to the rejects, and the others go on', async () => {
  const to = await cloud((request) => {
    const errors = pointsOf(request)
      .filter(({ metric }) => metric === 'bad')
      .map((datapoint) => ({ datapoint, error: 'No more UIDs' }))
    return errors.length === 0
      ? { status: 200, body: '{"success":1,"failed":0,"errors":[]}' }
      : { status: 400, body: JSON.stringify({ success: 0, failed: errors.length, errors }) }
  })
  const dir = await relayFolder()
  const relay = await testRelay(to.url, { dir })
  await post(relay.port, JSON.stringify([point(1), point(2, 'bad'), point(3)]))
  await expect.poll(() => relay.waiting(), PATIENT).toBe(0)
  await post(relay.port, JSON.stringify(point(4)))
  await expect.poll(() => relay.waiting(), PATIENT).toBe(0)
  expect(to.values()).toEqual([1, 2, 3, 4])
  const rejects = (await readFile(join(dir, 'rejects.jsonl'), 'utf8')).trimEnd().split('\n')
  expect(rejects.map((line) => JSON.parse(line))).toEqual([
    { time: expect.any(String), error: 'No more UIDs', datapoint: { ...point(2, 'bad'), value: '2' } },
  ])
  const metrics = await (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text()
  expect(metrics).toContain('tsd_relay_points_rejected{function="relay"} 1\n')
})

test('a page to sign in at, answered with 200, keeps points waiting, and drops none', async () => {
  let isSignedIn = false
  const to = await cloud(() => (isSignedIn ? { status: 204 } : { status: 200, body: '<html>Sign in</html>' }))
  const relay = await testRelay(to.url)
  await post(relay.port, JSON.stringify(point(7)))
  await expect.poll(() => relay.trouble.join(), PATIENT).toContain('200 The server answered 200: <html>Sign in')
  expect(relay.waiting()).toBe(1)
  isSignedIn = true
  await expect.poll(() => relay.waiting(), PATIENT).toBe(0)
})

test('of points that are refused each goes to the rejects, also those that an answer does not list', async () => {
  const to = await cloud((request) => {
    const bad = pointsOf(request).filter(({ metric }) => metric === 'bad')
    const [datapoint] = bad
    if (datapoint === undefined) return { status: 204 }
    const more = { datapoint: null, error: `${bad.length - 1} more errors are not listed` }
    const errors = [{ datapoint, error: 'Not permitted' }, ...(bad.length > 1 ? [more] : [])]
    return { status: 400, body: JSON.stringify({ success: 0, failed: bad.length, errors }) }
  })
  const dir = await relayFolder()
  const relay = await testRelay(to.url, { dir })
  const points = Array.from({ length: 9 }, (_, i) => point(i, i % 3 === 0 ? 'good' : 'bad'))
  await post(relay.port, JSON.stringify(points))
  await expect.poll(() => relay.waiting(), PATIENT).toBe(0)
  const rejects = (await readFile(join(dir, 'rejects.jsonl'), 'utf8')).trimEnd().split('\n')
  expect(rejects.map((line) => JSON.parse(line).datapoint.value)).toEqual(['1', '2', '4', '5', '7', '8'])
})

test('a server that can not read a request at all costs the point that is to blame, and no other', async () => {
  const to = await cloud((request) => {
    const points = pointsOf(request)
    if (points.length > 3) return { status: 413, body: 'too large' }
    return points.some(({ value }) => Number(value) === 5) ? { status: 400, body: 'what?' } : { status: 204 }
  })
  const dir = await relayFolder()
  const relay = await testRelay(to.url, { dir })
  await post(relay.port, JSON.stringify(Array.from({ length: 10 }, (_, i) => point(i))))
  await expect.poll(() => relay.waiting(), PATIENT).toBe(0)
  const rejects = await readFile(join(dir, 'rejects.jsonl'), 'utf8')
  expect(JSON.parse(rejects)).toMatchObject({ datapoint: { value: '5' } })
  const last = new Map(
    to.received.flatMap((request) => valuesOf(request).map((value) => [value, valuesOf(request).length])),
  )
  expect([...last.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(Math.max(...last.values())).toBeLessThan(4)
})

test('once the disk is full new points are refused by 503 and by lines, and the old ones arrive', async () => {
  let away = true
  const to = await cloud(() => (away ? 'hang up' : { status: 204 }))
  const relay = await testRelay(to.url, { maxBytes: 5000 })
  let taken = 0
  let refused: Response
  for (;;) {
    refused = await post(relay.port, JSON.stringify(point(taken)))
    if (refused.status !== 204) break
    taken++
  }
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).not.toBeNull()
  expect(await telnet(relay.port, 'put m 1356998400 -1 a=b\n')).toMatch(/^put: Please throttle writes: .*\n$/)
  expect(taken).toBeGreaterThan(10)
  away = false
  await expect.poll(() => relay.waiting(), PATIENT).toBe(0)
  expect(new Set(to.values())).toEqual(new Set(Array.from({ length: taken }, (_, i) => i)))
})

test('closing takes what was read to disk, and the next relay sends it', async () => {
  const dir = await relayFolder()
  const first = await testRelay('http://127.0.0.1:9', { dir })
  const client = await TelnetClient.open(first.port)
  client.send('put m 1\nput m 1356998400 1 a=b\nput m 1')
  await expect.poll(() => client.text, PATIENT).not.toBe('')
  await first.close()
  const to = await cloud()
  await testRelay(to.url, { dir })
  await expect.poll(() => to.values(), PATIENT).toEqual([1])
})

test('killed by kill -9 again and again, a relay loses nothing that it acknowledged', async () => {
  let away = true
  const to = await cloud(() => (away ? { status: 503 } : { status: 204 }))
  const dir = await relayFolder()
  const acknowledged = new Set<number>()
  for (let round = 0; round < 3; round++) {
    away = round === 0
    const relay = await spawnRelay(to.url, dir)
    let next = round * 10_000
    const put = async () => {
      for (;;) {
        const values = [next++, next++, next++]
        const answer = await post(relay.port, JSON.stringify(values.map((value) => point(value)))).catch(
          () => undefined,
        )
        if (answer?.status !== 204) return
        for (const value of values) acknowledged.add(value)
      }
    }
    const putting = [put(), put(), put()]
    await sleep(500)
    await relay.kill()
    await Promise.all(putting)
  }
  away = false
  await spawnRelay(to.url, dir)
  expect(acknowledged.size).toBeGreaterThan(100)
  await expect.poll(() => [...acknowledged].filter((value) => !new Set(to.values()).has(value)), PATIENT).toEqual([])
}, 120_000)

test('points may have as many tags as the relay is told that the server takes', async () => {
  const to = await cloud()
  const tags = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, 'v']))
  const line = `put m 1356998400 1 ${Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')}\n`
  const asConfigured = await testRelay(to.url, { maxTags: 10 })
  expect(await telnet(asConfigured.port, line)).toBe('')
  expect((await post(asConfigured.port, JSON.stringify({ ...point(2), tags }))).status).toBe(204)
  await expect.poll(to.values, PATIENT).toEqual([1, 2])
  const byDefault = await testRelay(to.url)
  expect(await telnet(byDefault.port, line)).toMatch(/^put: illegal argument: Too many tags: 10 maximum allowed: 8/)
})
