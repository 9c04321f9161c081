import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CONTEXT_KEYS } from '../../../infra/config.ts'

test('docs/deploy.md lists every context value, in order, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/deploy.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key)
  expect(rows).toEqual([...CONTEXT_KEYS])
})
