import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Dynamo } from '../../lib/store/dynamo.ts'
import { putForwardInput } from '../../lib/uid/table.ts'
import type { LocalServer } from '../../local/server.ts'
import { runTsdb } from '../helpers/cli.ts'
import { startTestServer } from '../helpers/server.ts'
import { CHROMIUM, launch, legend, open } from './chromium.ts'

const NAMES = 100_000
const nameOf = (index: number) => `app.${['web', 'db', 'queue', 'cache'][index % 4]}.n${String(index).padStart(6, '0')}`

describe.skipIf(CHROMIUM === undefined)('much of everything', () => {
  let server: LocalServer
  let browser: Browser

  beforeAll(async () => {
    const limits = JSON.stringify({ queryPoints: 1000 })
    ;[server, browser] = await Promise.all([startTestServer({ batchWindowMs: 20, context: { limits } }), launch()])
    const imported = await runTsdb(['import', '--sync', 'test/data/host-metrics.txt.gz'], {
      env: { TSDB_URL: server.url },
    })
    expect(imported.status).toBe(0)
    await giveNames(server)
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  test('a query that passes its budget is answered 413, with what it passed and the server’s advice, and a narrower one is drawn', async () => {
    const range = 'start=1795319400&end=1795320600'
    const { page, wrong } = await open(
      browser,
      `${server.url}/#${range}&m=sum:sys.cpu.user{cpu=*}&m=sum:sys.cpu.idle{cpu=*}&m=sum:sys.cpu.system{cpu=*}`,
    )
    const answered = page.waitForResponse(
      (response) => response.url().includes('/api/query') && response.status() === 413,
    )
    await page.getByRole('button', { name: 'Look again now' }).click()
    const { error } = await (await answered).json()
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(error.message).toMatch(/1,?000/)
    expect(await alert.textContent()).toBe(error.message + error.details)
    await page.getByRole('button', { name: 'Remove query C' }).click()
    await page.getByRole('button', { name: 'Remove query B' }).click()
    await expect.poll(async () => Object.keys(await legend(page))).toEqual(['cpu=all', 'cpu=0', 'cpu=1'])
    expect(await alert.count()).toBe(0)
    expect(wrong).toEqual([])
  })

  test('among 100,000 metrics names are offered by what they begin with: few at a time, read once the typing pauses, the last typed counts', async () => {
    const { page, wrong } = await open(browser, server.url)
    const asked: string[] = []
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url())
      if (pathname === '/api/suggest') asked.push(searchParams.get('q') ?? '')
    })
    const field = page.getByRole('combobox', { name: 'Metric' })
    const options = page.getByRole('listbox', { name: 'Metric' }).getByRole('option')
    await field.focus()
    await options.nth(49).waitFor()
    // The page offers 50, however many there are.
    expect(await options.count()).toBe(50)
    await page.evaluate(() => {
      const pauses: number[] = []
      Object.assign(globalThis, { pauses })
      new PerformanceObserver((list) => pauses.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      })
    })
    await page.keyboard.type('app.queue.n0999')
    const expected = Array.from({ length: 100 }, (_, i) => 99_900 + i).filter((index) => index % 4 === 2)
    await expect.poll(() => options.allTextContents()).toEqual(expected.map(nameOf))
    await page.keyboard.type('98')
    await expect.poll(() => options.allTextContents()).toEqual([nameOf(99_998)])
    // Not one for each key.
    expect(asked.length).toBeLessThan(17)
    expect(asked.at(-1)).toBe('app.queue.n099998')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.url()).toContain(`m=avg:${nameOf(99_998)}`)
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type('nothing.like.it')
    await expect.poll(() => options.count()).toBe(0)
    const pauses: number[] = await page.evaluate(() => Reflect.get(globalThis, 'pauses'))
    // Figures of a busy machine prove nothing.
    console.log(`pauses above 50 ms while typing among ${NAMES} names: ${JSON.stringify(pauses)}`)
    expect(wrong).toEqual([])
  })
})

/** Writes names as they lie in the table: one by one through the API would take an hour. */
async function giveNames({ dynamoEndpoint, tables }: LocalServer): Promise<void> {
  const table = Object.values(tables).find((name) => name.endsWith('-uid')) ?? ''
  const client = new DynamoDBClient({
    endpoint: dynamoEndpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  })
  const dynamo = new Dynamo({ client, retry: { deadlineMs: 60_000 } })
  const items = Array.from(
    { length: NAMES },
    (_, i) => putForwardInput(table, 'metric', nameOf(i), 1000 + i).Item ?? {},
  )
  await dynamo.batchPut(table, items)
  dynamo.close()
}
