import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { InvalidContextError } from '../../../infra/errors.ts'
import { pluginsModule, readPlugins } from '../../../infra/plugins.ts'

test('plugins are modules by name or path, alone or in a list, with options or without', () => {
  const plugins = readPlugins(
    { publishers: './a.ts', serialisers: ['pkg', { module: '/abs/b.ts', options: { x: 1 } }] },
    '/folder',
  )
  expect(plugins).toEqual([
    { kind: 'publishers', module: resolve('/folder/a.ts'), options: {} },
    { kind: 'serialisers', module: 'pkg', options: {} },
    { kind: 'serialisers', module: '/abs/b.ts', options: { x: 1 } },
  ])
  expect(pluginsModule(plugins).split('\n')).toEqual([
    `import plugin0 from "${resolve('/folder/a.ts')}"`,
    'import plugin1 from "pkg"',
    'import plugin2 from "/abs/b.ts"',
    'export const PLUGINS = {',
    '  writeFilters: [],',
    '  uidFilters: [],',
    '  publishers: [plugin0({})],',
    '  rejectHandlers: [],',
    '  search: [],',
    '  serialisers: [plugin1({}), plugin2({"x":1})],',
    '}',
    '',
  ])
  expect(readPlugins(undefined, '/')).toEqual([])
})

test.each([
  { publisher: 'a' },
  { publishers: 5 },
  { publishers: [''] },
  { search: { options: {} } },
  { __proto__x: 'a' },
])('%j is refused by a message that says what plugins are', (value) => {
  expect(() => readPlugins(value, '/')).toThrow(InvalidContextError)
  expect(() => readPlugins(value, '/')).toThrow(
    /writeFilters, uidFilters, publishers, rejectHandlers, search, serialisers/,
  )
})
