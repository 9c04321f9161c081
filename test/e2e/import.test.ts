import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quoteNumbers } from '../../cli/query.ts'
import { runTsdb } from '../helpers/cli.ts'
import { startTestServer } from '../helpers/server.ts'

const FIXTURE = 'test/data/host-metrics.txt.gz'

/** The fixture's lines, read without any code of the project's. */
const lines = gunzipSync(readFileSync(FIXTURE)).toString('utf8').trimEnd().split('\n')
const points = lines.map((line) => {
  const [metric = '', time = '', value = '', ...tags] = line.split(' ')
  return { metric, time: Number(time), value, tags: tags.sort().join(' ') }
})
const times = points.map(({ time }) => time)
const start = Math.min(...times)
const end = Math.max(...times)

let server: Awaited<ReturnType<typeof startTestServer>>

/** Asks for a metric; numbers come as the text they are in the answer. */
async function ask(m: string): Promise<{ tags: Record<string, string>; dps: [time: string, value: string][] }[]> {
  const path = `api/query?start=${start}&end=${end}&arrays&m=${encodeURIComponent(m)}`
  const response = await fetch(`${server.url}/${path}`)
  expect(response.status).toBe(200)
  return JSON.parse(quoteNumbers(await response.text()))
}

describe('a real host’s metrics, imported', () => {
  beforeAll(async () => {
    server = await startTestServer()
    const ran = await runTsdb(['import', '--sync', '--batch', '500', FIXTURE], { env: { TSDB_URL: server.url } })
    expect(ran.stderr).toBe('')
    expect(ran.stdout).toMatch(/^Imported 3,360 points in /)
    expect(ran.status).toBe(0)
  })
  afterAll(() => server.close())

  it('can be read back, every line, exact to the digit', async () => {
    const found: string[] = []
    for (const metric of new Set(points.map((point) => point.metric))) {
      for (const { tags, dps } of await ask(`none:${metric}`)) {
        const words = Object.entries(tags).map(([tagk, tagv]) => `${tagk}=${tagv}`)
        for (const [time, value] of dps) found.push(`${metric} ${time} ${value} ${words.sort().join(' ')}`)
      }
    }
    const wanted = points.map(({ metric, time, value, tags }) => `${metric} ${time} ${asJava(value)} ${tags}`)
    expect(found.sort()).toEqual(wanted.sort())
  })

  it('comes out again as the lines that were imported', async () => {
    const range = `start=${start}&end=${end}`
    const said = await Promise.all(
      [...new Set(points.map(({ metric }) => metric))].map(async (metric) => {
        const response = await fetch(`${server.url}/q?ascii&ms&${range}&m=${encodeURIComponent(`none:${metric}`)}`)
        return (await response.text()).trimEnd().split('\n')
      }),
    )
    const found = said.flat().map((line) => {
      const [metric, time, value, ...tags] = line.split(' ')
      return `${metric} ${time} ${value} ${tags.sort().join(' ')}`
    })
    const wanted = points.map(({ metric, time, value, tags }) => `${metric} ${time}000 ${asJava(value)} ${tags}`)
    expect(found.sort()).toEqual(wanted.sort())
  })

  it.each(['sum', 'avg', 'max'] as const)('gives the %s of every 5 minutes as computed from the file', async (name) => {
    const compute = {
      sum: (values: number[]) => values.reduce((sum, value) => sum + value, 0),
      avg: (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length,
      max: (values: number[]) => Math.max(...values),
    }[name]
    for (const series of ['sys.cpu.user{cpu=0}', 'proc.net.rx.bytes{iface=eth0}', 'proc.uptime{host=web01}']) {
      const [, metric, tag] = /^(.*)\{(.*)\}$/.exec(series) ?? []
      const buckets = new Map<number, number[]>()
      for (const point of points) {
        if (point.metric !== metric || !point.tags.split(' ').includes(tag ?? '')) continue
        const bucket = point.time - (point.time % 300)
        buckets.set(bucket, [...(buckets.get(bucket) ?? []), Number(point.value)])
      }
      const [answer] = await ask(`none:5m-${name}:${series}`)
      const found = new Map(answer?.dps.map(([time, value]) => [Number(time), Number(value)]))
      expect([...found.keys()]).toEqual([...buckets.keys()])
      for (const [bucket, values] of buckets) expect(found.get(bucket)).toBeCloseTo(compute(values), 6)
    }
  })

  it('adds up series as computed from the file', async () => {
    const sums = new Map<number, number>()
    for (const { metric, time, value } of points) {
      if (metric === 'proc.net.rx.bytes') sums.set(time, (sums.get(time) ?? 0) + Number(value))
    }
    const [answer] = await ask('sum:proc.net.rx.bytes')
    expect(answer?.dps).toEqual([...sums].map(([time, sum]) => [String(time), String(sum)]))
  })

  it('changes nothing when it is imported again', async () => {
    const before = await ask('none:proc.uptime')
    await runTsdb(['import', '--sync', FIXTURE], { env: { TSDB_URL: server.url } })
    expect(await ask('none:proc.uptime')).toEqual(before)
  })

  it('is printed by tsdb query in the form of its own lines', async () => {
    const words = [String(start), String(start + 1), 'none', 'sys.cpu.user', 'cpu=all']
    const ran = await runTsdb(['query', ...words], { env: { TSDB_URL: server.url } })
    expect(ran).toEqual({ status: 0, stderr: '', stdout: ran.stdout })
    expect(ran.stdout).toMatch(/^sys\.cpu\.user 1795319400 30564 \{(host=web01, cpu=all|cpu=all, host=web01)\}\n$/)
  })

  it('keeps the good lines of a file with bad ones, reports those and ends with 1', async () => {
    const text = 'e2e.mixed 1795319400 1 host=a\ne2e.mixed 1795319410 one host=a\ne2e.mixed 1795319420 3 host=a\n'
    const ran = await runTsdb(['import', '--sync', '-'], { stdin: text, env: { TSDB_URL: server.url } })
    expect(ran.status).toBe(1)
    expect(ran.stderr).toMatch(/^stdin:2: .*\n$/)
    const [answer] = await ask('none:e2e.mixed')
    expect(answer?.dps).toEqual([
      ['1795319400', '1'],
      ['1795319420', '3'],
    ])
  })
})

/** The fixture's floats, 0.17 and 1290.26, look in Java's notation as they do in the file, but for a trailing zero. */
function asJava(value: string): string {
  return value.includes('.') ? value.replace(/0+$/, '').replace(/\.$/, '.0') : value
}
