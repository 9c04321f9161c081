import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** What the files of a folder may import of the project, by path prefix. ARCHITECTURE.md has the same table in words. */
const ALLOWED: Record<string, readonly string[]> = {
  'lib/model': ['lib/model'],
  'lib/codec': ['lib/codec', 'lib/model'],
  'lib/store': ['lib/store', 'lib/uid', 'lib/codec', 'lib/model'],
  'lib/uid': ['lib/uid', 'lib/store', 'lib/codec', 'lib/model'],
  'lib/plugin': ['lib/plugin', 'lib/model'],
  'lib/ingest': ['lib/ingest', 'lib/plugin', 'lib/tree', 'lib/store', 'lib/uid', 'lib/codec', 'lib/model'],
  'lib/query': ['lib/query', 'lib/store', 'lib/uid', 'lib/codec', 'lib/model'],
  'lib/expression': ['lib/expression', 'lib/query', 'lib/store', 'lib/uid', 'lib/codec', 'lib/model'],
  'lib/meta': ['lib/meta', 'lib/query', 'lib/store', 'lib/uid', 'lib/codec', 'lib/model'],
  'lib/tree': ['lib/tree', 'lib/meta/uid-meta', 'lib/store', 'lib/uid', 'lib/codec', 'lib/model'],
  'lib/annotation': ['lib/annotation', 'lib/query', 'lib/store', 'lib/codec', 'lib/model'],
  'lib/telnet': ['lib/telnet', 'lib/ingest', 'lib/model'],
  'lib/kairos': ['lib/kairos', 'lib/meta', 'lib/query', 'lib/ingest', 'lib/store', 'lib/uid', 'lib/codec', 'lib/model'],
  'lib/access': ['lib/access', 'lib/store', 'lib/model'],
  'lib/search': ['lib/search', 'lib/meta', 'lib/query', 'lib/store', 'lib/uid', 'lib/codec', 'lib/model'],
  web: ['web'],
  functions: ['functions', 'lib'],
  infra: [
    'infra',
    'web/build.ts',
    'web/headers.ts',
    'functions/environment.ts',
    'lib/access/scopes.ts',
    'lib/model',
    'lib/ingest/device',
  ],
  local: [
    'local',
    'web/build.ts',
    'web/headers.ts',
    'infra/app.ts',
    'functions/environment.ts',
    'lib/telnet',
    'lib/ingest/put-outcome',
    'lib/model',
  ],
  cli: [
    'cli',
    'lib',
    'functions/http/body.ts',
    'functions/http/error',
    'functions/http/types.ts',
    'functions/put-answer.ts',
  ],
}

const sources = Object.keys(ALLOWED).flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ folder, file: join(folder, file) })),
)

/** The project's own files that a file imports, as paths from the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path]) =>
    relative(root, resolve(root, dirname(file), path ?? '')),
  )
}

test('every file imports only from the folders below its own', () => {
  const broken = sources.flatMap(({ folder, file }) =>
    importsOf(file)
      .filter((target) => !ALLOWED[folder]?.some((prefix) => target.startsWith(prefix)))
      .map((target) => `${file} imports ${target}`),
  )
  expect(sources.length).toBeGreaterThan(10)
  expect(broken).toEqual([])
})
