import fc from 'fast-check'
import { expect, test } from 'vitest'
import { branchIdFromHex, branchIdToHex, encodeBranchId, javaHash } from '../../../lib/codec/branch-id.ts'
import { documentedBytes } from '../../helpers/docs.ts'

test.each([
  ['', 0],
  ['dal', 0x0001838f],
  ['thost: tdb', 0x84573470],
  ['myapp.bytes_sent', 0xe3feb985],
  ['Aa', 2112],
  ['BB', 2112],
  ['\u{1f600}', 0xd83d * 31 + 0xde00],
])('the hash of "%s" is Java’s', (text, hash) => {
  expect(javaHash(text)).toBe(hash)
  // Java counts UTF-16 code units: what lies beyond the basic plane is two.
  const slow = [...Array(text.length).keys()].reduce(
    (sum, i) => (sum * 31n + BigInt(text.charCodeAt(i))) % 2n ** 32n,
    0n,
  )
  expect(javaHash(text)).toBe(Number(slow))
})

test('the id of a branch is that of the tree and four bytes a level', () => {
  expect(branchIdToHex(1, [])).toBe('0001')
  expect(branchIdToHex(1, ['dal', 'thost: tweb', 'myapp'].map(javaHash))).toBe('00010001838F068FA1A206387CF5')
  expect(encodeBranchId(1, [javaHash('dal')])).toEqual(
    documentedBytes('format/tables.md', 'the id of the branch dal of tree 1'),
  )
})

test('ids come back as they went', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 65_535 }),
      fc.array(fc.nat(2 ** 32 - 1), { maxLength: 8 }),
      (tree, hashes) => {
        expect(branchIdFromHex(branchIdToHex(tree, hashes))).toEqual({ tree, hashes })
        expect(branchIdFromHex(branchIdToHex(tree, hashes).toLowerCase())).toEqual({ tree, hashes })
      },
    ),
  )
})

test.each(['', '1', 'zz', '00', '000', '00011', '000100018', '00zz'])('"%s" is no branch’s id', (hex) => {
  expect(branchIdFromHex(hex)).toBeUndefined()
})
