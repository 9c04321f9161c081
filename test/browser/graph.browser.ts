import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { runTsdb } from '../helpers/cli.ts'
import { startTestServer } from '../helpers/server.ts'
import { CHROMIUM, colors, faint, launch, legend, open, picture, pixelsOf } from './chromium.ts'

/** The twenty minutes of test/data/host-metrics.txt.gz. */
const RANGE = 'start=1795319400&end=1795320600'

describe.skipIf(CHROMIUM === undefined)('graphs of a real host', () => {
  let server: LocalServer
  let browser: Browser
  let dataDir: string

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'web-'))
    ;[server, browser] = await Promise.all([startTestServer({ batchWindowMs: 20, dataDir }), launch()])
    const imported = await runTsdb(['import', '--sync', 'test/data/host-metrics.txt.gz'], {
      env: { TSDB_URL: server.url },
    })
    expect(imported.status).toBe(0)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  const at = (hash: string) => `${server.url}/#${hash}`

  test('an old link of OpenTSDB’s GUI opens its graph, with the values in the legend and each line on the canvas', async () => {
    const { page, wrong } = await open(browser, at(`${RANGE}&m=sum:rate:sys.cpu.user{cpu=*}&o=&wxh=1200x400&key=out`))
    await page.locator('.legend tbody tr').nth(2).waitFor()
    expect(await legend(page)).toEqual({
      'cpu=all': { last: '1.4', min: '0.8', avg: '14.73', max: '157.4' },
      'cpu=0': { last: '0.4', min: '0.1', avg: '7.248', max: '78.6' },
      'cpu=1': { last: '1', min: '0.3', avg: '7.482', max: '78.9' },
    })
    const drawn = await Promise.all((await colors(page)).map((color) => pixelsOf(page, color)))
    for (const count of drawn) expect(count).toBeGreaterThan(150)
    await page.mouse.move(400, 340)
    await page.locator('.tooltip .row').first().waitFor()
    expect(await page.locator('.tooltip .name').allTextContents()).toHaveLength(3)
    await picture(page, 'graph')
    expect(wrong).toEqual([])
  })

  test('a metric is found by its first letters, and its tags and their values are offered, by the keyboard alone', async () => {
    const { page, wrong } = await open(browser, at(RANGE))
    await page.getByRole('combobox', { name: 'Metric' }).focus()
    await page.keyboard.type('sys.cpu.')
    const options = page.getByRole('listbox', { name: 'Metric' }).getByRole('option')
    await expect
      .poll(() => options.allTextContents())
      .toEqual(['sys.cpu.idle', 'sys.cpu.iowait', 'sys.cpu.system', 'sys.cpu.user'])
    await picture(page, 'autocomplete')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(() => legend(page)).toHaveProperty('sys.cpu.idle host=web01')
    await page.getByRole('button', { name: 'Tag' }).press('Enter')
    const keys = page.getByRole('listbox', { name: 'Tag' }).getByRole('option')
    await expect.poll(() => keys.allTextContents()).toEqual(['cpu', 'host'])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(async () => Object.keys(await legend(page))).toEqual(['cpu=all', 'cpu=0', 'cpu=1'])
    await page.getByRole('combobox', { name: 'Value' }).focus()
    const values = page.getByRole('listbox', { name: 'Value' }).getByRole('option')
    await expect.poll(() => values.allTextContents()).toEqual(['*', '0', '1', 'all'])
    await page.keyboard.type('1')
    await page.keyboard.press('Enter')
    await expect.poll(async () => Object.keys(await legend(page))).toEqual(['sys.cpu.idle cpu=1 host=web01'])
    expect(page.url()).toContain('m=avg:sys.cpu.idle{cpu=1}')
    expect(wrong).toEqual([])
  })

  test('dragging zooms in, a double click goes back, and the URL and the back button follow', async () => {
    const { page } = await open(browser, at(`${RANGE}&m=sum:proc.loadavg.1m`))
    const over = page.locator('.u-over')
    await over.waitFor()
    const before = await legend(page)
    const box = (await over.boundingBox())!
    await page.mouse.move(box.x + box.width * 0.25, box.y + 80)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + 90, { steps: 5 })
    await page.mouse.up()
    await expect.poll(() => legend(page)).not.toEqual(before)
    const start = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('start')
    expect(start).toMatch(/^2026\/11\/22-03:5[45]:\d\d$/)
    await expect.poll(() => page.getByRole('button', { name: 'Range' }).textContent()).toMatch(/03:5[45]:\d\d – 0[34]:/)
    await over.dblclick({ position: { x: 200, y: 100 } })
    // Away from the graph, or the legend shows what the cursor is at.
    await page.mouse.move(5, 5)
    await expect.poll(() => legend(page)).toEqual(before)
    await page.goBack()
    await expect.poll(() => legend(page)).not.toEqual(before)
  })

  test('a click on a series shows it alone, another one all again, and a click on a column sorts', async () => {
    const { page } = await open(browser, at(`${RANGE}&m=sum:rate:sys.cpu.user{cpu=*}`))
    const rows = page.locator('.legend tbody tr')
    await rows.nth(2).waitFor()
    const [all = '', zero = ''] = await colors(page)
    await page.getByRole('button', { name: 'cpu=0', exact: true }).click()
    await expect.poll(() => pixelsOf(page, all)).toBe(0)
    expect(await pixelsOf(page, zero)).toBeGreaterThan(150)
    await page.getByRole('button', { name: 'cpu=0', exact: true }).click()
    await expect.poll(() => pixelsOf(page, all)).toBeGreaterThan(150)
    await page.getByRole('button', { name: 'Max' }).click()
    await expect.poll(() => rows.locator('th span').allTextContents()).toEqual(['cpu=all', 'cpu=1', 'cpu=0'])
    await page.getByRole('button', { name: 'Max' }).click()
    await expect.poll(() => rows.locator('th span').allTextContents()).toEqual(['cpu=0', 'cpu=1', 'cpu=all'])
  })

  test('graphs side by side move their cursors together, with units, two axes and dark colours', async () => {
    const hash = `${RANGE}&m=avg:rate:sys.cpu.user{cpu=*}&m=avg:proc.meminfo.cached&o=&o=axis+x1y2&title=Processors+and+cache&y2unit=bytes&graph&m=sum:rate:proc.net.rx.bytes{iface=*}&unit=bytes/s&title=Received`
    const { page, wrong } = await open(browser, at(hash), {
      colorScheme: 'dark',
      viewport: { width: 1440, height: 800 },
    })
    await page.locator('.panel').nth(1).locator('.legend tbody tr').nth(3).waitFor()
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(13, 18, 23)')
    await expect.poll(() => legend(page, 0)).toMatchObject({ 'proc.meminfo.cached': { max: '539.3 KiB' } })
    await expect.poll(() => legend(page, 1)).toMatchObject({ 'iface=lo': { max: '380.6 KiB/s' } })
    const box = (await page.locator('.u-over').first().boundingBox())!
    await page.mouse.move(box.x + box.width * 0.4, box.y + 60)
    const heads = page.locator('.legend thead th:nth-child(2)')
    await expect.poll(() => heads.allTextContents()).toEqual(['Value', 'Value'])
    await picture(page, 'graphs-dark')
    await page.getByRole('button', { name: 'Light colours' }).click()
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(244, 246, 248)')
    expect(wrong).toEqual([])
  })

  test('a comparison shows the same some time before, as it was then', async () => {
    const query = 'm=sum:proc.loadavg.1m'
    const { page, wrong } = await open(browser, at(`start=1795319400&end=1795320300&${query}`))
    const name = 'proc.loadavg.1m host=web01'
    await expect.poll(() => legend(page)).toHaveProperty([name])
    const { [name]: then } = await legend(page)
    await page.goto(at(`start=1795319700&end=1795320600&${query}&compare=5m`))
    await expect.poll(async () => Object.keys(await legend(page))).toEqual([name, `${name} (5m before)`])
    expect(await legend(page)).toMatchObject({ [`${name} (5m before)`]: then })
    expect(new Set(await colors(page)).size).toBe(1)
    await page.getByRole('combobox', { name: 'Compare' }).selectOption('')
    await expect.poll(async () => Object.keys(await legend(page))).toEqual([name])
    expect(page.url()).not.toContain('compare')
    expect(wrong).toEqual([])
  })

  test('a click notes something, which all graphs show, and takes it away again', async () => {
    const { page } = await open(browser, at(`${RANGE}&m=sum:proc.loadavg.1m`))
    const over = page.locator('.u-over')
    await over.waitFor()
    const flag = 'rgb(162, 28, 175)'
    expect(await pixelsOf(page, flag)).toBe(0)
    const position = { x: 400, y: 120 }
    await over.click({ position })
    await page.getByPlaceholder('What happened?').fill('Deployed <b>1.4</b>')
    await page.keyboard.press('Enter')
    await expect.poll(() => pixelsOf(page, flag)).toBeGreaterThan(50)
    await over.hover({ position })
    // Text of the API is text, whatever it looks like.
    await expect.poll(() => page.locator('.tooltip .note').allTextContents()).toEqual(['Deployed <b>1.4</b>'])
    await picture(page, 'note')
    await over.click({ position })
    await page.getByRole('button', { name: /^Remove the note/ }).click()
    await expect.poll(() => pixelsOf(page, flag)).toBe(0)
  })

  test('what is drawn can be taken away as a picture, CSV and JSON', async () => {
    const { page } = await open(browser, at(`${RANGE}&m=sum:rate:sys.cpu.user{cpu=*}&title=cpu`))
    await page.locator('.legend tbody tr').nth(2).waitFor()
    const save = async (what: string) => {
      await page.getByRole('button', { name: 'Export' }).click()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: what }).click(),
      ])
      const pieces = await (await download.createReadStream()).toArray()
      return { name: download.suggestedFilename(), content: Buffer.concat(pieces) }
    }
    const csv = await save('Points (CSV)')
    expect(csv.name).toBe('cpu.csv')
    const lines = csv.content.toString().trim().split('\r\n')
    expect(lines[0]).toBe('time,cpu=all,cpu=0,cpu=1')
    expect(lines).toHaveLength(120)
    const png = await save('Picture (PNG)')
    expect(png.content.subarray(1, 4).toString()).toBe('PNG')
    const json = JSON.parse((await save('Answer (JSON)')).content.toString())
    expect(json).toHaveLength(3)
    expect(json[0].dps).toHaveLength(119)
  })

  test('what the server refuses is shown in its own words, and names never stored are told', async () => {
    const { page } = await open(browser, at(`${RANGE}&m=sum:sys.cpu.user{host=regexp((a)(?=b))}`))
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toMatch(/look-ahead|look-around/i)
    await picture(page, 'error')
    await page.goto(at(`${RANGE}&m=sum:no.such.metric&m=sum:proc.loadavg.1m`))
    await expect
      .poll(() => page.getByRole('status').allTextContents())
      .toContain('No metric “no.such.metric” was ever stored')
    expect(Object.keys(await legend(page))).toEqual(['proc.loadavg.1m host=web01'])
  })

  test('a range without points says so and finds the newest ones', async () => {
    const { page } = await open(browser, at('start=2001/01/01&end=2001/01/02&m=sum:proc.loadavg.1m'))
    await page.getByText('No points in this range').waitFor()
    expect(await page.getByRole('button', { name: 'Go to the newest points' }).isEnabled()).toBe(true)
  })

  test('everything is done by the keyboard: range, menus, legend, notes and views', async () => {
    const { page, wrong } = await open(browser, at(`${RANGE}&m=sum:rate:sys.cpu.user{cpu=*}`))
    await page.locator('.legend tbody tr').nth(2).waitFor()
    const focused = () =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim(),
      )
    // From the top of the page, in the order that one reads.
    const reached: (string | undefined)[] = []
    for (let i = 0; i < 10; i++) {
      await page.keyboard.press('Tab')
      reached.push(await focused())
    }
    expect(reached).toEqual([
      'tsdb',
      'Graph',
      'Browse',
      'Status',
      'Dark colours',
      'Range',
      'Look again',
      'Look again now',
      'Graph',
      'Title',
    ])

    await page.getByRole('button', { name: 'Range' }).press('Enter')
    await page.getByLabel('From').press('Escape')
    expect(await page.locator('.popover').count()).toBe(0)
    expect(await focused()).toBe('Range')
    await page.keyboard.press('Enter')
    const from = page.getByLabel('From')
    await from.fill('2026/11/22-04:00:00')
    await from.press('Enter')
    await expect.poll(() => page.getByRole('button', { name: 'Range' }).textContent()).toContain('04:00:00')
    await expect.poll(async () => (await legend(page))['cpu=all']?.max).toBe('57.4')

    await page.getByRole('button', { name: 'cpu=1', exact: true }).press('Enter')
    await expect.poll(() => page.locator('.legend tbody tr.off').count()).toBe(2)

    await page.getByRole('button', { name: 'Note something' }).press('Enter')
    const time = page.getByLabel('Note at')
    await time.fill('2026/11/22-04:05:00')
    await page.getByPlaceholder('What happened?').fill('By keyboard')
    await page.keyboard.press('Enter')
    await expect.poll(() => pixelsOf(page, 'rgb(162, 28, 175)')).toBeGreaterThan(50)
    const noted = await fetch(`${server.url}/api/annotation?start_time=1795320300`)
    expect(await noted.json()).toMatchObject({ description: 'By keyboard' })
    await fetch(`${server.url}/api/annotation?start_time=1795320300`, { method: 'DELETE' })

    await page.getByRole('link', { name: 'Browse' }).press('Enter')
    await page.getByRole('button', { name: 'proc.uptime' }).press('Enter')
    await page.getByRole('link', { name: 'Graph of all' }).press('Enter')
    await expect.poll(async () => Object.keys(await legend(page))).toEqual(['proc.uptime host=web01'])
    expect(wrong).toEqual([])
  })

  test('words stand out from what is behind them in either colours, as far as readers need', async () => {
    const { page } = await open(browser, at(`${RANGE}&m=sum:rate:sys.cpu.user{cpu=*}`))
    for (const theme of ['Dark colours', 'Light colours']) {
      for (const view of ['Graph', 'Browse', 'Status']) {
        await page.getByRole('link', { name: view, exact: true }).click()
        await page
          .locator(view === 'Graph' ? '.legend tbody tr' : view === 'Browse' ? '.metric-list li' : '.figure')
          .first()
          .waitFor()
        // 4.5 is what WCAG 2.2 asks of text of this size, 1.4.3.
        expect(await faint(page, 4.5), `${view}, before ${theme}`).toEqual([])
      }
      await page.getByRole('button', { name: theme }).click()
    }
  })

  test('on a phone nothing is wider than the screen, and the menus are within it', async () => {
    const { page } = await open(browser, at(`${RANGE}&m=sum:rate:sys.cpu.user{cpu=*}`), {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    })
    await page.locator('.legend tbody tr').nth(2).waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await picture(page, 'phone')
    await page.getByRole('button', { name: 'Range' }).click()
    const box = (await page.locator('.popover').boundingBox())!
    expect(box.x).toBeGreaterThanOrEqual(0)
    expect(box.x + box.width).toBeLessThanOrEqual(390)
    for (const view of ['Browse', 'Status']) {
      await page.getByRole('link', { name: view }).click()
      await page
        .locator(view === 'Browse' ? '.metric-list li' : '.figure')
        .first()
        .waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    }
  })

  test('a tree opens folder by folder down to a leaf, which is a graph', async () => {
    const post = (path: string, body: unknown) =>
      fetch(`${server.url}/api/${path}`, { method: 'POST', body: JSON.stringify(body) }).then(({ status }) => status)
    expect(await post('tree', { name: 'hosts', description: 'by host, metric and device', enabled: true })).toBe(200)
    const rules = [
      { treeId: 1, level: 0, type: 'TAGK', field: 'host' },
      { treeId: 1, level: 1, type: 'METRIC', separator: '\\.' },
      { treeId: 1, level: 2, type: 'TAGK', field: 'cpu' },
      { treeId: 1, level: 3, type: 'TAGK', field: 'iface' },
    ]
    expect(await post('tree/rules', rules)).toBe(204)
    expect(await post('tree/rebuild', { treeId: 1 })).toBe(200)

    // The range of the graph before is that of the leaf's.
    const { page, wrong } = await open(browser, at(`${RANGE}&m=sum:proc.loadavg.1m`))
    await page.getByRole('link', { name: 'Browse' }).click()
    const metric = page.getByRole('combobox', { name: 'Metric' })
    await metric.fill('proc.net.rx.bytes')
    await metric.press('Enter')
    await page.getByText('4 series').waitFor()
    expect(await page.locator('.count').allTextContents()).toEqual(['iface: 4 values', 'host: 1 value'])
    for (const folder of ['hosts', 'web01', 'sys', 'cpu', 'user']) {
      await page
        .locator('summary')
        .filter({ hasText: new RegExp(`^${folder}`) })
        .click()
    }
    await page.locator('.leaf').first().waitFor()
    await picture(page, 'browse')
    await page.getByRole('link', { name: /^all / }).click()
    await expect.poll(() => legend(page)).toMatchObject({ 'sys.cpu.user cpu=all host=web01': { min: '30.56 k' } })
    expect(wrong).toEqual([])
  })

  test('the status shows points in and stored, names, units with their price, and what was rejected and why', async () => {
    const { page, wrong } = await open(browser, at('/status'))
    const card = (title: string) =>
      page.locator('.figure').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
    const figure = (title: string) => card(title).locator('strong').textContent()
    await card('Metrics').waitFor()
    expect([await figure('Metrics'), await figure('Series')]).toEqual(['14', '28'])
    await expect.poll(() => figure('In')).toBe('3,360')
    await expect.poll(() => figure('Stored')).toBe('3,360')
    expect(await card('Stored').locator('.hint').textContent()).toBe('3,360 in this time')
    expect(await figure('Write units')).toMatch(/^[\d,.]+ \$0\.00/)
    expect(await figure('Until readable')).toMatch(/^[\d.]+ (s|ms)$/)
    await page.getByText('None in the last 7 days.').waitFor()
    expect(await page.locator('tbody tr', { hasText: 'consume' }).first().textContent()).toMatch(/\$0\.000/)

    const kinesis = new KinesisClient({
      endpoint: server.kinesisEndpoint,
      region: 'local',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: new NodeHttpHandler(),
    })
    const Data = Buffer.from('<b>no points</b> at all')
    await kinesis.send(new PutRecordCommand({ StreamName: server.streamName, Data, PartitionKey: 'one' }))
    kinesis.destroy()
    await page.locator('table.rejects tbody tr').waitFor()
    expect(await page.locator('table.rejects tbody td').nth(2).textContent()).toBe('23 B')
    await expect.poll(() => figure('Records rejected')).toBe('1')
    expect((await runTsdb(['seal', '--data', dataDir])).status).toBe(0)
    await expect.poll(async () => (await card('Points in rows').count()) > 0 && figure('Points in rows')).toBe('3,360')
    expect([await figure('Open'), await figure('Can’t be sealed')]).toEqual(['0', '0'])
    await page.getByRole('combobox', { name: 'Time' }).selectOption('24')
    await expect.poll(() => card('Stored').locator('.hint').textContent()).toBe('3,360 in this time')
    await picture(page, 'status', { whole: true })
    expect(wrong).toEqual([])
  })
})
