import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { contained } from '../../../lib/plugin/contained.ts'
import { allowedPoints, pickBatch, pointsOf } from '../../../lib/plugin/points.ts'
import type { PluginPoint } from '../../../lib/plugin/types.ts'
import csvSerialiser from '../../../plugins/csv-serialiser.ts'
import httpPublisher from '../../../plugins/http-publisher.ts'
import httpRejects from '../../../plugins/http-rejects.ts'
import httpSearch from '../../../plugins/http-search.ts'
import metricFilter from '../../../plugins/metric-filter.ts'
import uidWhitelist from '../../../plugins/uid-whitelist.ts'
import { batchOf } from '../../helpers/consume.ts'

/** An HTTP service that keeps what it is posted. */
async function service(status = 200, body = '[]'): Promise<{ url: string; posted: unknown[] }> {
  const posted: unknown[] = []
  const server = createServer(async (request, response) => {
    posted.push(JSON.parse(await text(request)))
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, posted }
}

const point = (metric: string, value: PluginPoint['value'] = 1): PluginPoint => ({
  metric,
  tags: [['host', 'a']],
  time: 1_356_998_400_000,
  value,
})

test('what a plugin throws, rejects with or takes too long for is told, and nothing else', async () => {
  const failures: string[] = []
  const onFailure = (name: string, error: unknown) => failures.push(`${name}: ${error}`)
  const fail = () => {
    throw new Error('no')
  }
  expect(await contained('a', fail, onFailure)).toBeUndefined()
  expect(await contained('b', () => Promise.reject(new Error('never')), onFailure)).toBeUndefined()
  expect(await contained('c', () => new Promise(() => undefined), onFailure)).toBeUndefined()
  expect(await contained('d', () => 5, onFailure)).toBe(5)
  expect(failures).toEqual(['a: Error: no', 'b: Error: never', expect.stringMatching(/^c: PluginTooSlowError/)])
})

test('filters see each point with its value, and what is left are the others', () => {
  const batch = batchOf([
    ['m', 'a', 1000, 1.5],
    ['n', 'a', 2000, 2n ** 60n],
    ['m', 'b', 3000, 3],
  ])
  const seen: PluginPoint[] = []
  const filter = {
    name: 'odd',
    allows: (one: PluginPoint) => {
      seen.push(one)
      return one.metric === 'm'
    },
  }
  const kept = allowedPoints(batch, [filter], () => undefined)
  expect(seen.map(({ metric, time, value }) => [metric, time, value])).toEqual([
    ['m', 1000, 1.5],
    ['n', 2000, 2n ** 60n],
    ['m', 3000, 3],
  ])
  expect([...(kept ?? [])]).toEqual([0, 2])
  expect(pickBatch(batch, kept ?? new Uint32Array()).series.map(({ metric }) => metric)).toEqual(['m', 'm'])
  expect([...pointsOf(pickBatch(batch, kept ?? new Uint32Array()), () => true)].map(({ time }) => time)).toEqual([
    1000, 3000,
  ])
})

test('a filter that fails lets points pass', () => {
  const failed: string[] = []
  const filter = {
    name: 'broken',
    allows: () => {
      throw new Error('no')
    },
  }
  expect(allowedPoints(batchOf([['m', 'a', 1000, 1]]), [filter], (name) => failed.push(name))).toBeUndefined()
  expect(failed).toEqual(['broken'])
})

test('metric-filter stores what matches one of allow and none of deny, by the whole name', () => {
  const filter = metricFilter({ allow: ['sys\\..*', 'net'], deny: 'sys\\.debug\\..*' })
  expect(['sys.cpu', 'net', 'network', 'sys.debug.x', 'sys.cpu'].map((name) => filter.allows(point(name)))).toEqual([
    true,
    true,
    false,
    false,
    true,
  ])
  expect(metricFilter({}).allows(point('any'))).toBe(true)
  expect(() => metricFilter({ allow: 5 })).toThrow('The option allow must be regular expressions')
})

test('uid-whitelist takes new names that match, of each kind by itself', () => {
  const { allows } = uidWhitelist({ tagk: 'host|dc', tagv: ['[a-z]+\\d*'] })
  const series = { metric: 'm', tags: [] }
  expect(allows('tagk', 'host', series)).toBe(true)
  expect(allows('tagk', 'session', series)).toBe(false)
  expect(allows('tagv', 'web01', series)).toBe(true)
  expect(allows('tagv', '10.0.0.1', series)).toBe(false)
  expect(allows('metric', 'anything', series)).toBe(true)
})

test('http-publisher posts all points, and fails where they are not taken', async () => {
  const { url, posted } = await service()
  await httpPublisher({ url }).publish([point('m'), point('n', 2n ** 60n)])
  const shown = { timestamp: 1_356_998_400_000, tags: { host: 'a' } }
  expect(posted).toEqual([
    [
      { metric: 'm', value: 1, ...shown },
      { metric: 'n', value: '1152921504606846976', ...shown },
    ],
  ])
  await expect(httpPublisher({ url: (await service(500)).url }).publish([point('m')])).rejects.toThrow('answered 500')
  expect(() => httpPublisher({})).toThrow('The option url must be an address')
})

test('http-rejects posts the record with its reason', async () => {
  const { url, posted } = await service()
  const record = { arrivalMs: 5, shard: 1, sequence: 2n ** 70n, reason: 'No more UIDs', bytes: Buffer.from('record') }
  await httpRejects({ url }).handle(record)
  expect(posted).toEqual([
    { arrival: 5, shard: 1, sequence: String(2n ** 70n), reason: 'No more UIDs', record: 'cmVjb3Jk' },
  ])
})

test('http-search answers what the service does, and leaves to the store what it has not', async () => {
  const request = { type: 'TSUIDS', query: 'web*', limit: 5, startIndex: 0 }
  const { url, posted } = await service(200, '["000001000001000001"]')
  expect(await httpSearch({ url }).search(request)).toEqual(['000001000001000001'])
  expect(posted).toEqual([request])
  expect(await httpSearch({ url: (await service(404)).url }).search(request)).toBeUndefined()
  await expect(httpSearch({ url: (await service(200, '{}')).url }).search(request)).rejects.toThrow('no list')
})

test('csv writes a line for each point, and several tags between quotes', () => {
  const series = { aggregateTags: [], points: [[1000, 1.5] as const, [2000, 2n ** 60n] as const] }
  const answer = [
    { metric: 'm', tags: {}, ...series },
    { metric: 'n', tags: { a: 'b', c: 'd' }, ...series },
  ]
  expect([...csvSerialiser({}).serialise(answer)].join('').split('\r\n')).toEqual([
    'metric,tags,time,value',
    'm,,1000,1.5',
    'm,,2000,1152921504606846976',
    'n,"a=b,c=d",1000,1.5',
    'n,"a=b,c=d",2000,1152921504606846976',
    '',
  ])
})
