import { expect, test } from 'vitest'
import { WeightedCache } from '../../../lib/query/weighted-cache.ts'

test('what was not used for the longest time goes first, until the rest is light enough', () => {
  const cache = new WeightedCache<string, number>(10)
  cache.set('a', 1, 4)
  cache.set('b', 2, 4)
  expect(cache.get('a')).toBe(1)
  cache.set('c', 3, 4)
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3])
  cache.set('d', 4, 9)
  expect([cache.get('a'), cache.get('c'), cache.get('d')]).toEqual([undefined, undefined, 4])
})

test('a value replaces the one before it with its weight, and what is too heavy is not kept', () => {
  const cache = new WeightedCache<string, number>(10)
  cache.set('a', 1, 9)
  cache.set('a', 2, 5)
  cache.set('b', 3, 5)
  expect([cache.get('a'), cache.get('b')]).toEqual([2, 3])
  cache.set('b', 4, 11)
  expect([cache.get('a'), cache.get('b')]).toEqual([2, undefined])
})

test('whoever wants to know is told of values that are pushed out, replaced by others or too heavy, and of no others', () => {
  const dropped: string[] = []
  const cache = new WeightedCache<string, string>(10, (value) => dropped.push(value))
  cache.set('a', 'one', 5)
  cache.set('a', 'one', 6)
  cache.set('b', 'two', 4)
  expect(dropped).toEqual([])
  cache.set('c', 'three', 5)
  expect(dropped).toEqual(['one'])
  cache.set('b', 'four', 4)
  expect(dropped).toEqual(['one', 'two'])
  cache.set('b', 'five', 11)
  expect(dropped).toEqual(['one', 'two', 'four', 'five'])
  cache.delete('c')
  expect(dropped).toEqual(['one', 'two', 'four', 'five'])
  expect([...cache.values()]).toEqual([])
})
