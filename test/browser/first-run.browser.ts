import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { runTsdb } from '../helpers/cli.ts'
import { startTestServer } from '../helpers/server.ts'
import { CHROMIUM, colors, launch, legend, open, picture, pixelsOf } from './chromium.ts'

describe.skipIf(CHROMIUM === undefined)('first look', () => {
  let server: LocalServer
  let browser: Browser

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startTestServer({ batchWindowMs: 20 }), launch()])
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  test('from an empty store to the first graph: the page says how, notices the point and shows it', async () => {
    const { page, wrong } = await open(browser, server.url)
    await page.getByRole('heading', { name: 'Send the first point' }).waitFor()
    const commands = await page.locator('pre').allTextContents()
    expect(commands[0]).toContain(`curl -i '${server.url}/api/put?details'`)
    await picture(page, 'first-run')

    const now = Math.floor(Date.now() / 1000)
    const points = [60, 40, 20, 0].map((ago, index) => ({
      metric: 'sys.cpu.user',
      timestamp: now - ago,
      value: [42.5, 40, 45, 41][index],
      tags: { host: 'web01' },
    }))
    const put = await fetch(`${server.url}/api/put?sync`, { method: 'POST', body: JSON.stringify(points) })
    expect(put.status).toBe(204)
    await page.getByRole('button', { name: 'Show it' }).click()
    await expect
      .poll(() => legend(page))
      .toEqual({
        'sys.cpu.user host=web01': { last: '41', min: '40', avg: '42.13', max: '45' },
      })
    const [color = ''] = await colors(page)
    expect(await pixelsOf(page, color)).toBeGreaterThan(10)
    expect(wrong).toEqual([])
  })

  test('the page comes with a policy that allows its own files alone, and nothing is fetched from elsewhere', async () => {
    const response = await fetch(server.url)
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    )
    const { page } = await open(browser, 'about:blank')
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(server.url)
    await page.getByRole('combobox', { name: 'Metric' }).waitFor()
    expect(asked.length).toBeGreaterThan(3)
    expect(asked.filter((url) => !url.startsWith(server.url))).toEqual([])
  })

  test('a hundred series of a thousand points are drawn over several frames, and how long the page stopped is told', async () => {
    // An hour and more back, so that all lie in the past.
    const end = Math.floor(Date.now() / 1000) - 600
    const lines: string[] = []
    for (let series = 0; series < 100; series++) {
      for (let point = 0; point < 1000; point++) {
        const value = Math.round(1000 * (series + Math.sin(point / 40 + series))) / 1000
        lines.push(`wide.metric ${end - 10_000 + point * 10} ${value} n=${series}`)
      }
    }
    const imported = await runTsdb(['import', '--sync', '-'], {
      stdin: lines.join('\n'),
      env: { TSDB_URL: server.url },
    })
    expect(imported.status).toBe(0)
    const { page, wrong } = await open(
      browser,
      `${server.url}/#start=${end - 10_000}&end=${end}&m=sum:raw:wide.metric{n=*}`,
    )
    await page.locator('.legend tbody tr').nth(99).waitFor()
    expect(await page.locator('.cost').textContent()).toContain('100,000 points')
    await page.evaluate(() => {
      const pauses: number[] = []
      Object.assign(globalThis, { pauses })
      new PerformanceObserver((list) => pauses.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      })
    })
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === '/api/query')
    await page.getByRole('button', { name: 'Look again now' }).click()
    await (await answered).finished()
    await page.locator('.panel[aria-busy="false"]').waitFor()
    // Once there is nothing left to draw.
    await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)))
    const pauses: number[] = await page.evaluate(() => Reflect.get(globalThis, 'pauses'))
    // Figures of a busy machine prove nothing; what they are on a quiet one is in docs/ui.md.
    console.log(`pauses above 50 ms while 100 x 1000 points are drawn: ${JSON.stringify(pauses)}`)
    const drawn = await colors(page)
    expect(new Set(drawn).size).toBe(10)
    for (const color of new Set(drawn)) expect(await pixelsOf(page, color)).toBeGreaterThan(300)
    expect(wrong).toEqual([])
  }, 240_000)
})

describe.skipIf(CHROMIUM === undefined)('with tokens', () => {
  let server: LocalServer
  let browser: Browser
  let dataDir: string

  beforeAll(async () => {
    process.env.AWS_REGION ??= 'local'
    process.env.AWS_ACCESS_KEY_ID ??= 'local'
    process.env.AWS_SECRET_ACCESS_KEY ??= 'local'
    dataDir = await mkdtemp(join(tmpdir(), 'web-'))
    ;[server, browser] = await Promise.all([startTestServer({ auth: true, batchWindowMs: 20, dataDir }), launch()])
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('the page asks for a token, says when it is worth nothing, keeps it in this tab, and forgets it', async () => {
    const made = await runTsdb(['token', 'create', '--data', dataDir, '--scope', 'query', 'viewer'])
    const token = made.stdout.trim()
    const { page } = await open(browser, server.url)
    const dialog = page.getByRole('dialog', { name: 'Sign in' })
    await dialog.waitFor()
    await picture(page, 'sign-in')
    const field = page.getByLabel('Token')
    // What is behind it is out of the keyboard's reach.
    for (let i = 0; i < 4; i++) await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.closest('header, main') ?? undefined)).toBeUndefined()
    await field.fill(`tsdb_${'0'.repeat(16)}_${'A'.repeat(43)}`)
    await field.press('Enter')
    await page.getByText('is not known, has expired or was revoked').waitFor()
    await field.fill(token)
    await field.press('Enter')
    await page.getByRole('heading', { name: 'Send the first point' }).waitFor()
    expect(await dialog.count()).toBe(0)
    expect(await page.evaluate(() => [Object.values(sessionStorage), Object.values(localStorage)])).toEqual([
      [token],
      [],
    ])
    await page.reload()
    await page.getByRole('heading', { name: 'Send the first point' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await dialog.waitFor()
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
  })

  test('a token that may not look says so at once, and what it takes', async () => {
    const made = await runTsdb(['token', 'create', '--data', dataDir, '--scope', 'put', 'collector'])
    const { page } = await open(browser, server.url)
    const field = page.getByLabel('Token')
    await field.fill(made.stdout.trim())
    await field.press('Enter')
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toMatch(/scope query: sign out, and in again with one/)
    await page.getByRole('link', { name: 'Status' }).click()
    await expect.poll(() => alert.count()).toBeGreaterThan(1)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('dialog', { name: 'Sign in' }).waitFor()
  })
})
