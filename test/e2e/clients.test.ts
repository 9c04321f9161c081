import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quoteNumbers } from '../../cli/query.ts'
import type { LocalServer } from '../../local/server.ts'
import { startTestServer } from '../helpers/server.ts'
import { TelnetClient, telnet } from '../helpers/telnet.ts'

const PATIENT = { timeout: 30_000 }
/** When the points of these tests are, seconds. */
const TIME = 1_356_998_400

let server: LocalServer

beforeAll(async () => {
  server = await startTestServer({ batchWindowMs: 20 })
})
afterAll(() => server.close())

/** An HTTP request as its bytes. @param lines request line and headers but those that every request has */
function http(lines: readonly string[], body: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(body)
  const length = bytes.length === 0 ? [] : [`Content-Length: ${bytes.length}`]
  return Buffer.concat([Buffer.from([...lines, ...length, '', ''].join('\r\n')), bytes])
}

/** Asks for the end of the connection, which a client that only half closes it would not get to see. */
const LAST = http(['GET /version HTTP/1.1', 'Host: x', 'Connection: close'])

/** Sends requests one behind the other on one connection, as they are. @returns all that came back, without LAST's answer */
function send(...requests: readonly Buffer[]): Promise<string> {
  return new Promise((resolve, reject) => {
    // HTTP/1.0 ends by itself
    const last = requests.some((request) => request.includes('HTTP/1.0')) ? [] : [LAST]
    const socket = connect(server.port, '127.0.0.1', () => socket.write(Buffer.concat([...requests, ...last])))
    let text = ''
    socket.setEncoding('latin1').on('data', (piece) => {
      text += piece
    })
    socket.on('close', () => resolve(last.length === 0 ? text : text.slice(0, text.lastIndexOf('HTTP/1.1 '))))
    socket.on('error', reject)
  })
}

const statusesOf = (answers: string) =>
  [...answers.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status))

/** Points of a metric as they can be read: milliseconds, value as text, tags. */
async function stored(metric: string, start: number | string = TIME - 100): Promise<unknown[]> {
  const response = await fetch(`${server.url}/api/query?ms&start=${start}&end=${TIME + 1000}&m=none:${metric}`)
  if (response.status !== 200) return []
  const answer: { tags: object; dps: Record<string, string> }[] = JSON.parse(quoteNumbers(await response.text()))
  return answer.flatMap(({ tags, dps }) => Object.entries(dps).map(([time, value]) => [Number(time), value, tags]))
}

describe('telnet', () => {
  test('collectd’s write_tsdb: one connection, a line a packet, values and times as C prints them', async () => {
    const lines = [
      `put collectd.load.load.shortterm ${TIME} 0.27000 fqdn=web01 location=here\r\n`,
      `put collectd.cpu.0.cpu.idle ${TIME} 1.234568e+09 fqdn=web01\r\n`,
      `put collectd.df.root.used ${TIME} 35184372088832 fqdn=web01\r\n`,
    ]
    expect(await telnet(server.port, ...lines)).toBe('')
    await expect
      .poll(() => stored('collectd.load.load.shortterm'), PATIENT)
      .toEqual([[TIME * 1000, '0.27', { fqdn: 'web01', location: 'here' }]])
    expect(await stored('collectd.cpu.0.cpu.idle')).toEqual([[TIME * 1000, '1.234568E9', { fqdn: 'web01' }]])
    expect(await stored('collectd.df.root.used')).toEqual([[TIME * 1000, '35184372088832', { fqdn: 'web01' }]])
  })

  test('telegraf’s opentsdb output: lines that end in a blank, all in one packet', async () => {
    const lines = ['usage_idle', 'usage_user'].map(
      (field, i) => `put telegraf.cpu_${field} ${TIME} ${i}.5 cpu=cpu0 host=web01 \n`,
    )
    expect(await telnet(server.port, lines.join(''))).toBe('')
    await expect
      .poll(() => stored('telegraf.cpu_usage_user'), PATIENT)
      .toEqual([[TIME * 1000, '1.5', { cpu: 'cpu0', host: 'web01' }]])
  })

  test('tcollector: asks for the version first, waits for it, and sends in rounds', async () => {
    const client = await TelnetClient.open(server.port)
    client.send('version\n')
    await expect.poll(() => client.text, PATIENT).toMatch(/\n$/)
    for (let i = 0; i < 3; i++) {
      client.send(`put tcollector.proc.uptime ${TIME + i} ${i} host=web01\nput tcollector.x ${TIME} nan host=web01\n`)
    }
    await expect.poll(() => client.text.split('\n').length, PATIENT).toBe(5)
    client.send('version\n')
    await client.end()
    await expect.poll(() => stored('tcollector.proc.uptime'), PATIENT).toHaveLength(3)
  })

  test('statsd’s opentsdb backend: connects for each flush, and ends as soon as it has written', async () => {
    const client = await TelnetClient.open(server.port)
    client.socket.end(
      `put statsd.stats.gauges.x ${TIME} 5 source=statsd\nput statsd.numStats ${TIME} 3 source=statsd\n`,
    )
    await expect.poll(() => stored('statsd.stats.gauges.x'), PATIENT).toHaveLength(1)
    expect(await stored('statsd.numStats')).toHaveLength(1)
  })
})

describe('HTTP', () => {
  test('telegraf: JSON packed with gzip, always', async () => {
    const points = [{ metric: 'telegraf.http', timestamp: TIME, value: 1.25e-5, tags: { host: 'web01' } }]
    const lines = ['POST /api/put HTTP/1.1', 'Host: tsdb', 'Content-Type: application/json', 'Content-Encoding: gzip']
    const answers = await send(http([...lines, 'User-Agent: Go-http-client/1.1'], gzipSync(JSON.stringify(points))))
    expect(statusesOf(answers)).toEqual([204])
    await expect.poll(() => stored('telegraf.http'), PATIENT).toEqual([[TIME * 1000, '1.25E-5', { host: 'web01' }]])
  })

  test('Micrometer: an empty list at first, numbers as Java prints them', async () => {
    const lines = ['POST /api/put HTTP/1.1', 'Host: tsdb', 'Content-Type: application/json', 'Connection: keep-alive']
    const points = `[{"metric":"jvm_gc_pause","timestamp":${TIME}123,"value":1.25E-5,"tags":{"statistic":"max"}},{"metric":"jvm_gc_pause","timestamp":${TIME}123,"value":1.0E10,"tags":{"statistic":"count"}}]`
    const answers = await send(http(lines, '[]'), http(lines, points))
    expect(statusesOf(answers)).toEqual([400, 204])
    await expect.poll(async () => (await stored('jvm_gc_pause')).length, PATIENT).toBe(2)
    expect(await stored('jvm_gc_pause')).toEqual(
      expect.arrayContaining([
        [TIME * 1000 + 123, '1.25E-5', { statistic: 'max' }],
        [TIME * 1000 + 123, '1.0E10', { statistic: 'count' }],
      ]),
    )
  })

  test('Dropwizard’s reporter: a path with a slash at its end, fields that are null', async () => {
    const lines = [
      'POST /api/put/ HTTP/1.1',
      'Host: tsdb',
      'Accept: text/html, image/gif, */*; q=.2',
      'Content-Type: application/json',
    ]
    const body = `[{"metric":"dropwizard.requests","timestamp":${TIME},"value":1e+21,"tags":{"host":"web01"},"extra":null},{"metric":"dropwizard.requests","timestamp":${TIME + 1},"value":null,"tags":null}]`
    expect(statusesOf(await send(http(lines, body)))).toEqual([400])
    await expect
      .poll(() => stored('dropwizard.requests'), PATIENT)
      .toEqual([[TIME * 1000, '1.0E21', { host: 'web01' }]])
  })

  test('shell scripts: one bare object a connection, no Content-Type, HTTP/1.0', async () => {
    const body = `{"metric":"script.up","timestamp":"${TIME}","value":"1","tags":{"host":"web01"}}`
    expect(statusesOf(await send(http(['POST /api/put HTTP/1.0'], body)))).toEqual([204])
    const form = ['POST /api/put HTTP/1.1', 'Host: x', 'Content-Type: application/x-www-form-urlencoded']
    expect(statusesOf(await send(http(form, body.replace('"1"', '"2"').replace(`${TIME}`, `${TIME + 1}`))))).toEqual([
      204,
    ])
    await expect.poll(() => stored('script.up'), PATIENT).toHaveLength(2)
  })

  test('a chunked body, and one that waits to be asked for', async () => {
    const body = `{"metric":"chunked.up","timestamp":${TIME},"value":1,"tags":{"host":"web01"}}`
    const chunks = `5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`
    const chunked = Buffer.from(`POST /api/put HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`)
    const waits = http(['POST /api/put HTTP/1.1', 'Host: x', 'Expect: 100-continue'], body.replace('1,', '2,'))
    expect(statusesOf(await send(chunked, waits))).toEqual([204, 100, 204])
  })

  test('a gzip header on a GET that has no body, and on a POST that has none', async () => {
    const get = ['GET /api/version HTTP/1.1', 'Host: x', 'Content-Encoding: gzip', 'Content-Type: application/json']
    const post = ['POST /api/put HTTP/1.1', 'Host: x', 'Content-Encoding: gzip', 'Content-Length: 0']
    expect(statusesOf(await send(http(get), http(post)))).toEqual([200, 400])
  })

  test('a DELETE that carries a body, a slash at the end of a GET', async () => {
    const point = `{"metric":"annotated","timestamp":${TIME},"value":1,"tags":{"host":"web01"}}`
    expect(statusesOf(await send(http(['POST /api/put?sync HTTP/1.1', 'Host: x'], point)))).toEqual([204])
    const annotation = `{"startTime":"${TIME}","description":"global"}`
    const save = http(['POST /api/annotation/ HTTP/1.1', 'Host: x', 'Content-Type: application/json'], annotation)
    const remove = http(['DELETE /api/annotation HTTP/1.1', 'Host: x', 'Content-Type: application/json'], annotation)
    const ask = http([`GET /api/query/?start=${TIME - 10}&end=${TIME + 10}&m=sum:annotated HTTP/1.1`, 'Host: x'])
    const answers = await send(save, ask, remove, http(['GET /api/aggregators/ HTTP/1.1', 'Host: x']))
    expect(statusesOf(answers)).toEqual([200, 200, 204, 200])
    expect(answers).toContain(`"dps":{"${TIME}":1}`)
  })

  test('start times with a fraction', async () => {
    const body = `{"metric":"fraction","timestamp":${TIME}500,"value":1,"tags":{"host":"web01"}}`
    await send(http(['POST /api/put?sync HTTP/1.1', 'Host: x'], body))
    expect(await stored('fraction', `${TIME}.250`)).toHaveLength(1)
    expect(await stored('fraction', `${TIME}.750`)).toHaveLength(0)
    const query = `{"start":${TIME}.250,"end":${TIME + 1}.500,"queries":[{"metric":"fraction","aggregator":"sum"}]}`
    const response = await fetch(`${server.url}/api/query`, { method: 'POST', body: query })
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining(`"${TIME}":1`)])
  })

  test('hundreds of requests one behind the other on a connection', async () => {
    const requests = Array.from({ length: 200 }, (_, i) => {
      const body = `{"metric":"pipelined","timestamp":${TIME + i},"value":${i},"tags":{"host":"web01"}}`
      return http(['POST /api/put HTTP/1.1', 'Host: x'], body)
    })
    expect(statusesOf(await send(...requests))).toEqual(requests.map(() => 204))
    await expect.poll(() => stored('pipelined'), PATIENT).toHaveLength(200)
  })
})
