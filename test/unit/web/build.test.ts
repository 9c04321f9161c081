import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildWeb, UNCHANGING, type WebFiles } from '../../../web/build.ts'
import { CONTENT_SECURITY_POLICY } from '../../../web/headers.ts'

let files: WebFiles

beforeAll(async () => {
  files = await buildWeb()
})

describe('the built UI', () => {
  test('loads less than 120 KB, packed', () => {
    const packed = [...files.values()].reduce((sum, content) => sum + gzipSync(content).length, 0)
    expect(packed).toBeLessThan(120_000)
  })

  test('is one page that names every other file, and each file is there', () => {
    const page = files.get('index.html')?.toString() ?? ''
    const named = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path)
    expect(named.sort()).toEqual([...files.keys()].filter((path) => path !== 'index.html').sort())
    expect(page).not.toContain('{{')
  })

  test('names scripts and styles by their content', async () => {
    const again = await buildWeb()
    expect([...again.keys()]).toEqual([...files.keys()])
    expect([...files.keys()].filter((path) => path.startsWith(UNCHANGING))).toHaveLength(2)
  })

  test('fetches nothing from elsewhere and has nothing inline that its policy would refuse', () => {
    const page = files.get('index.html')?.toString() ?? ''
    expect(page).not.toMatch(/<script>|<style|\sstyle=|\son\w+=/)
    for (const [path, content] of files) {
      const addresses = content.toString().match(/https?:\/\/[^\s"'`)]+/g) ?? []
      // Names of XML languages are written as addresses; nobody fetches them.
      expect(
        addresses.filter((address) => !address.startsWith('http://www.w3.org/')),
        path,
      ).toEqual([])
    }
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|\*/)
  })
})
