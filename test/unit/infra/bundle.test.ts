import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ENTRIES } from '../../../infra/bundle.ts'
import { createApp } from '../../../infra/create-app.ts'

const outdir = mkdtempSync(join(tmpdir(), 'tsdb-bundles-'))
const bundles = new Map<string, string>()

beforeAll(() => {
  // The CDK announces every bundle and annotation.
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const template = createApp({ outdir, validate: false, context: { web: 'false' } })
    .synth()
    .getStackByName('tsdb').template
  vi.restoreAllMocks()
  const resources: { Type: string; Properties: Record<string, unknown> }[] = Object.values(template.Resources)
  for (const { Type, Properties } of resources) {
    if (Type !== 'AWS::Lambda::Function') continue
    const { S3Key: key } = Object(Properties.Code)
    const { LogGroup: log } = Object(Properties.LoggingConfig)
    const file = join(outdir, `asset.${String(key).replace('.zip', '')}`, 'index.mjs')
    bundles.set(template.Resources[log.Ref].Properties.LogGroupName, readFileSync(file, 'utf8'))
  }
})

afterAll(() => rmSync(outdir, { recursive: true }))

test('each function has a bundle of its own', () => {
  expect([...bundles.keys()].sort()).toEqual(ENTRIES.map((entry) => `/tsdb/${entry}`).sort())
  expect(new Set(bundles.values()).size).toBe(ENTRIES.length)
})

test.each(ENTRIES)('the bundle of %s exports a handler and imports nothing but Node', (entry) => {
  const code = bundles.get(`/tsdb/${entry}`) ?? ''
  expect(code).toMatch(/^export \{\n(?: {2}.*\n)*? {2}(?:\w+ as )?handler,?\n/m)
  const imports = [...code.matchAll(/^import\b[^"'\n]*["']([^"'\n]+)["'];?$/gm)].map(([, name = '']) => name)
  expect(imports.filter((name) => !builtinModules.includes(name.replace(/^node:/, '')))).toEqual([])
})
