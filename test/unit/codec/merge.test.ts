import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergePieces, type Piece } from '../../../lib/codec/merge.ts'
import { columns, type Point, points } from '../query/columns.ts'

/** @param arrival when all of its points arrived */
function piece(arrival: number, list: readonly Point[], shard = 0, sequence = 0n): Piece {
  return { points: columns(list), sources: new Uint32Array(list.length), origins: [{ arrival, shard, sequence }] }
}

test('pieces that follow each other are joined, in whatever order they come', () => {
  const early = piece(2, [
    [1, 1n],
    [2, 9223372036854775807n],
  ])
  const late = piece(1, [[3, 3.5]])
  const want = [
    [1, 1n],
    [2, 9223372036854775807n],
    [3, 3.5],
  ]
  expect(points(mergePieces([early, late]))).toEqual(want)
  expect(points(mergePieces([late, early]))).toEqual(want)
})

test('of several points at one time the last to arrive stays, by arrival, then shard, then sequence', () => {
  const at = (arrival: number, shard: number, sequence: bigint, value: bigint) =>
    piece(arrival, [[5, value]], shard, sequence)
  const merge = (...pieces: Piece[]) => points(mergePieces(pieces))
  expect(merge(at(2, 0, 0n, 1n), at(1, 9, 9n, 2n))).toEqual([[5, 1n]])
  expect(merge(at(1, 2, 0n, 1n), at(1, 1, 9n, 2n))).toEqual([[5, 1n]])
  expect(merge(at(1, 1, 10n, 1n), at(1, 1, 9n, 2n))).toEqual([[5, 1n]])
  expect(merge(at(1, 1, 9n, 2n), at(1, 1, 9n, 2n))).toEqual([[5, 2n]])
})

test('merging is keeping the latest arrival of each time, however points are split', () => {
  const value = fc.oneof(
    fc.integer().map(BigInt),
    fc.bigInt({ min: 2n ** 60n, max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true }),
  )
  const list = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 20 }), value), {
      selector: ([time]) => time,
      minLength: 1,
      maxLength: 10,
    })
    .map((one): Point[] => [...one].sort(([a], [b]) => a - b))
  fc.assert(
    fc.property(fc.array(list, { minLength: 1, maxLength: 5 }), (lists) => {
      const latest = new Map(lists.flat())
      const want = [...latest].sort(([a], [b]) => a - b)
      const pieces = lists.map((one, arrival) => piece(arrival, one))
      expect(points(mergePieces(pieces))).toEqual(want)
      expect(points(mergePieces(pieces.reverse()))).toEqual(want)
    }),
  )
})
