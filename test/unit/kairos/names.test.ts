import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kairosName, storedName } from '../../../lib/kairos/names.ts'
import { nameFault } from '../../../lib/model/names.ts'

test.each([
  ['sys.cpu.user', 'sys.cpu.user'],
  ['größe', 'größe'],
  ['snake_case_x', 'snake_case_x'],
  ['a b', 'a_x20_b'],
  ['cpu{host="a"}', 'cpu_x7B_host_x3D__x22_a_x22__x7D_'],
  ['☃', '_x2603_'],
  ['😀', '_x1F600_'],
  ['\0', '_x0_'],
  ['a_ b', 'a__x20_b'],
  ['a_x20_b', 'a_x5F_x20_b'],
  ['a_x41_b', 'a_x41_b'],
  ['_x5F_x20_', '_x5F_x5F_x5F_x20_'],
])('%j is stored as %s', (name, stored) => {
  expect(storedName(name)).toBe(stored)
  expect(kairosName(stored)).toBe(name)
})

/** Texts made of what escapes are made of meet in more ways than any text would. */
const pieces = fc.constantFrom(
  '_',
  'x',
  '_x',
  '5F',
  '20',
  '41',
  '0',
  ' ',
  'é',
  '😀',
  '%',
  '_x20_',
  '_x5F_',
  '_x020_',
  'D800',
)
const anyName = fc.oneof(
  fc.array(pieces, { maxLength: 12 }).map((list) => list.join('')),
  fc.string({ unit: 'binary' }).filter((text) => !/\p{Cs}/u.test(text)),
)

test('every text has a name in characters that OpenTSDB allows, and comes back from it', () => {
  fc.assert(
    fc.property(anyName, (name) => {
      const stored = storedName(name)
      if (name !== '') expect(nameFault('name', stored, 10_000)).toBeUndefined()
      expect(kairosName(stored)).toBe(name)
    }),
    { numRuns: 2000 },
  )
})

test("every name of OpenTSDB's comes back through KairosDB's face as it was", () => {
  const stored = anyName.map((text) => text.replace(/[^a-zA-Z0-9_.é-]/g, ''))
  fc.assert(
    fc.property(stored, (name) => {
      expect(storedName(kairosName(name))).toBe(name)
    }),
    { numRuns: 2000 },
  )
})
