import { describe, expect, it } from 'vitest'
import { NameCache } from '../../../lib/uid/name-cache.ts'

describe('NameCache', () => {
  it('never holds more than its capacity, and keeps what is used', () => {
    const cache = new NameCache<string, number>(10)
    cache.set('used', 0)
    for (let i = 1; i <= 1000; i++) {
      cache.set(`name${i}`, i)
      expect(cache.get('used')).toBe(0)
      expect(cache.size).toBeLessThanOrEqual(10)
    }
    expect(cache.get('name1')).toBeUndefined()
    expect(cache.get('name1000')).toBe(1000)
  })

  it('holds names that are also names of Object’s own', () => {
    const cache = new NameCache<string, number>(10)
    expect(cache.get('__proto__')).toBeUndefined()
    cache.set('__proto__', 1)
    expect(cache.get('__proto__')).toBe(1)
    expect(cache.get('constructor')).toBeUndefined()
  })

  it('takes over a new value and forgets everything when cleared', () => {
    const cache = new NameCache<string, number>(2)
    cache.set('a', 1)
    cache.set('b', 2)
    cache.set('a', 3)
    expect(cache.get('a')).toBe(3)
    cache.clear()
    expect(cache.get('a')).toBeUndefined()
    expect(cache.size).toBe(0)
  })
})
