import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { runTsdb } from '../helpers/cli.ts'
import * as kairos from '../helpers/grafana-kairosdb.ts'
import * as openTsdb from '../helpers/grafana-opentsdb.ts'
import { startTestServer } from '../helpers/server.ts'

// The examples as a person would use them: the example data is imported, and every panel is asked as Grafana asks.

const EXAMPLES = 'examples/grafana'
/** Of twenty minutes: panels of one point a minute have 20, and their rates one less. */
const LEAST_POINTS = 4

interface Panel<T> {
  readonly title: string
  readonly datasource: { readonly type: string; readonly uid: string }
  readonly targets: readonly T[]
}

interface Dashboard<T> {
  readonly time: { readonly from: string; readonly to: string }
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] }
  readonly annotations: { readonly list: readonly { readonly target: { readonly metric: string } }[] }
  readonly panels: readonly Panel<T>[]
}

function read<T>(name: string): Dashboard<T> {
  return JSON.parse(readFileSync(`${EXAMPLES}/dashboards/${name}.json`, 'utf8'))
}

const HOSTS = read<openTsdb.OpenTsdbTarget>('host-metrics')
const KAIROS = read<kairos.KairosTarget>('host-metrics-kairosdb')

let server: LocalServer
let dataDir: string
let environment: Record<string, string>

beforeAll(async () => {
  process.env.AWS_REGION ??= 'local'
  process.env.AWS_ACCESS_KEY_ID ??= 'local'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'local'
  dataDir = await mkdtemp(join(tmpdir(), 'grafana-dashboards-'))
  server = await startTestServer({ auth: true, batchWindowMs: 20, dataDir })
  const token = async (scope: string): Promise<string> =>
    (await runTsdb(['token', 'create', '--data', dataDir, '--scope', scope, scope])).stdout.trim()
  environment = { TSDB_URL: server.url, TSDB_TOKEN: await token('query') }
  const imported = await runTsdb(['import', '--sync', 'test/data/host-metrics.txt.gz'], {
    env: { TSDB_URL: server.url, TSDB_TOKEN: await token('put') },
  })
  expect([imported.status, imported.stderr]).toEqual([0, ''])
}, 180_000)

afterAll(async () => {
  await server?.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** What the provisioning says of a data source, with the environment filled in: its lines, without their depth. */
function provisioned(uid: string): { url: string; headers: Record<string, string>; settings: Map<string, string> } {
  const text = readFileSync(`${EXAMPLES}/provisioning/datasources/tsdb.yaml`, 'utf8')
  const source = text.split(/^ {2}- /m).find((part) => part.includes(`uid: ${uid}\n`)) ?? ''
  const settings = new Map(
    [...source.matchAll(/^ *(\w+): (.+)$/gm)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\$(\w+)/g, (_, variable: string) => environment[variable] ?? ''),
    ]),
  )
  const headers: Record<string, string> = {}
  for (const [name, header] of settings) {
    const number = /^httpHeaderName(\d+)$/.exec(name)?.[1]
    if (number !== undefined) headers[header] = settings.get(`httpHeaderValue${number}`) ?? ''
  }
  if (settings.get('basicAuth') === 'true') {
    const credentials = `${settings.get('basicAuthUser')}:${settings.get('basicAuthPassword')}`
    headers.Authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
  }
  return { url: settings.get('url') ?? '', headers, settings }
}

function rangeOf({ time }: Dashboard<unknown>): { from: number; to: number } {
  return { from: Date.parse(time.from), to: Date.parse(time.to) }
}

/** The metric and tag of `tag_values(METRIC, TAG)`. */
function tagValuesOf({ templating }: Dashboard<unknown>): [metric: string, tag: string] {
  const [, metric = '', tag = ''] = /^tag_values\((.+), (.+)\)$/.exec(templating.list[0]?.query ?? '') ?? []
  return [metric, tag]
}

/** Targets with the value of the variable $host in all their texts. */
function filledIn<T>(targets: readonly T[], hosts: string): T[] {
  return JSON.parse(JSON.stringify(targets).replaceAll('$host', hosts))
}

function openTsdbSource(): openTsdb.OpenTsdbSource {
  const { url, headers, settings } = provisioned('tsdb-opentsdb')
  const [version, resolution] = [Number(settings.get('tsdbVersion')), Number(settings.get('tsdbResolution'))]
  if (version !== 3 || resolution !== 1)
    throw new Error('The provisioned data source has another version or resolution')
  return { url, headers, version, resolution, lookupLimit: Number(settings.get('lookupLimit')) }
}

describe.each(['F', 'B1', 'B2'] as const)('the dashboard of host metrics, asked by generation %s', (generation) => {
  test.each(
    HOSTS.panels.map((panel) => [panel.title, panel] as const),
  )('shows data in its panel %s', async (_, panel) => {
    expect(panel.datasource).toEqual({ type: 'opentsdb', uid: 'tsdb-opentsdb' })
    const source = openTsdbSource()
    const hosts = await openTsdb.tagValues(generation === 'B1' ? 'F' : generation, source, ...tagValuesOf(HOSTS))
    expect(hosts).toEqual(['web01'])
    const { from, to } = rangeOf(HOSTS)
    for (const target of filledIn(panel.targets, hosts.join('|'))) {
      const shown = await openTsdb.askPanel(generation, source, { from, to, interval: '1m', targets: [target] })
      expect(shown.length, target.metric).toBeGreaterThan(0)
      for (const { points, tags } of shown) {
        expect(tags).toMatchObject({ host: 'web01' })
        const inside = points.filter(([ms, value]) => ms >= from && ms <= to && value !== null)
        expect(inside.length, target.metric).toBeGreaterThan(LEAST_POINTS)
      }
    }
  })
})

test('the dashboard of host metrics shows notes, and figures that a person can check', async () => {
  const source = openTsdbSource()
  const [note] = HOSTS.annotations.list
  expect(await openTsdb.askAnnotations('F', source, note?.target.metric ?? '', rangeOf(HOSTS))).toEqual([])
  const load = HOSTS.panels.find(({ title }) => title === 'Load')
  const range = { ...rangeOf(HOSTS), interval: '10s' }
  const shown = await openTsdb.askPanel('F', source, { ...range, targets: filledIn(load?.targets ?? [], 'web01') })
  // the first line of the example data that names it: proc.loadavg.1m 1795319400 0.17
  expect(shown[0]?.points[0]).toEqual([1_795_319_400_000, 0.17])
})

describe.each(['plugin', 'arp'] as const)('the dashboard of KairosDB, asked by the data source %s', (generation) => {
  test.each(
    KAIROS.panels.map((panel) => [panel.title, panel] as const),
  )('shows data in its panel %s', async (_, panel) => {
    expect(panel.datasource).toEqual({ type: 'grafana-kairosdb-datasource', uid: 'tsdb-kairosdb' })
    const source = provisioned('tsdb-kairosdb')
    const [metric, tag] = tagValuesOf(KAIROS)
    const { [tag]: hosts = [] } = await kairos.metricTags(generation, source, metric)
    expect(hosts).toEqual(['web01'])
    const { from, to } = rangeOf(KAIROS)
    const targets = filledIn(panel.targets, hosts.join())
    const shown = await kairos.askPanel(generation, source, { from, to, interval: '1m', targets })
    expect(shown.length).toBeGreaterThanOrEqual(targets.length)
    for (const { name, points } of shown) {
      expect(name).toContain('host=web01')
      const inside = points.filter(([ms, value]) => ms >= from && ms <= to && typeof value === 'number')
      expect(inside.length, name).toBeGreaterThanOrEqual(LEAST_POINTS)
    }
  })
})
