import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

const PLACES = [
  process.env.CHROMIUM_PATH ?? '',
  '/usr/lib/chromium/chromium',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The browser that the tests drive; undefined where there is none, and then they are skipped. */
export const CHROMIUM = PLACES.find((path) => path !== '' && existsSync(path))

if (CHROMIUM === undefined) {
  console.warn('No Chromium here, so the UI is not tested: install one, or say where it is with CHROMIUM_PATH')
}

const PICTURES = join(import.meta.dirname, '../../docs/screenshots')

export function launch(): Promise<Browser> {
  // Root, as in containers, has no sandbox.
  return chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox', '--disable-gpu'] })
}

/** A page and what went wrong in it besides: errors in its scripts, and what its own policy refused. */
export interface Opened {
  readonly page: Page
  readonly wrong: string[]
}

/** Opens an address in a context of its own; its clocks are UTC's. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, timezoneId: 'UTC', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const wrong: string[] = []
  page.on('pageerror', (error) => wrong.push(error.message))
  page.on('console', (message) => {
    // Chromium logs each answer above 399 as an error; the UI shows those.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) wrong.push(message.text())
  })
  await page.goto(url)
  return { page, wrong }
}

/** Keeps a picture of the page for the docs, where pictures are asked for: they differ from one machine's fonts to another's. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env.SCREENSHOTS === undefined) return
  await mkdir(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`) })
}

/** The rows of the first legend: names, and values as shown, by column. */
export function legend(page: Page, index = 0): Promise<Record<string, Record<string, string>>> {
  return page
    .locator('.panel')
    .nth(index)
    .locator('.legend tbody tr')
    .evaluateAll((rows) =>
      Object.fromEntries(
        rows.map((row) => [
          row.querySelector('th span')?.textContent ?? '',
          Object.fromEntries(
            [...row.querySelectorAll('td')].map((cell) => [cell.dataset.of ?? '', cell.textContent ?? '']),
          ),
        ]),
      ),
    )
}

/**
 * Counts the pixels of a graph that have a series' colour, near enough for smoothed edges.
 * @param color as in the legend: `rgb(15, 118, 110)`
 */
export async function pixelsOf(page: Page, color: string, index = 0): Promise<number> {
  const rgb = color.match(/\d+/g)?.map(Number)
  expect(rgb).toHaveLength(3)
  return page
    .locator('.chart canvas')
    .nth(index)
    .evaluate((element, [red = 0, green = 0, blue = 0]) => {
      if (!(element instanceof HTMLCanvasElement)) return -1
      const { data } = element.getContext('2d')?.getImageData(0, 0, element.width, element.height) ?? { data: [] }
      let count = 0
      for (let i = 0; i < data.length; i += 4) {
        const off = Math.abs(data[i]! - red) + Math.abs(data[i + 1]! - green) + Math.abs(data[i + 2]! - blue)
        if (off < 24 && data[i + 3]! > 200) count++
      }
      return count
    }, rgb ?? [])
}

/** The colours of the first legend's series, in order. */
export function colors(page: Page): Promise<string[]> {
  return page
    .locator('.legend tbody .swatch')
    .evaluateAll((swatches) => swatches.map((swatch) => getComputedStyle(swatch).backgroundColor))
}
