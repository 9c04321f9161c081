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

/**
 * Keeps a picture of the page for the docs, where pictures are asked for: they differ from one machine's fonts to another's.
 * @param whole also what is below the screen's end
 */
export async function picture(page: Page, name: string, { whole = false } = {}): Promise<void> {
  if (process.env.SCREENSHOTS === undefined) return
  await mkdir(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: whole })
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

/**
 * What can't be read well: texts on the page with less contrast to what is behind them than asked, by the formula of WCAG 2.2
 * (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio). Hidden ones, disabled ones and pictures are passed over.
 * @returns each text once, with its contrast
 */
export function faint(page: Page, least: number): Promise<string[]> {
  return page.evaluate((asked) => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 1
    const context = canvas.getContext('2d', { willReadFrequently: true })!
    // Whatever form CSS gives a colour in.
    const rgba = (color: string): number[] => {
      context.clearRect(0, 0, 1, 1)
      context.fillStyle = color
      context.fillRect(0, 0, 1, 1)
      return [...context.getImageData(0, 0, 1, 1).data]
    }
    const behind = (element: Element | null): number[] => {
      for (let at = element; at !== null; at = at.parentElement) {
        const color = rgba(getComputedStyle(at).backgroundColor)
        if (color[3] === 255) return color
      }
      return [255, 255, 255, 255]
    }
    const luminance = (color: number[]): number => {
      const [red = 0, green = 0, blue = 0] = color.map((value) => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const found = new Set<string>()
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
      const { parentElement: element } = node
      const text = node.textContent?.trim() ?? ''
      if (text === '' || element === null || !element.checkVisibility() || element.closest('.hidden, svg, script'))
        continue
      const [front, back] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))]
      const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05)
      if (contrast < asked) found.add(`${text.slice(0, 40)}: ${contrast.toFixed(2)}`)
    }
    return [...found]
  }, least)
}
