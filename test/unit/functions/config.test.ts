import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../functions/config.ts'
import { BadConfigurationError } from '../../../lib/model/errors.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'

describe('parseConfig(env)', () => {
  it('has a default for whatever has one', () => {
    const { limits, uidWidths, saltBuckets, blockTtlDays, logLevel } = parseConfig({})
    expect(limits).toEqual(DEFAULT_LIMITS)
    expect(uidWidths).toEqual({ metric: 3, tagk: 3, tagv: 4 })
    expect([saltBuckets, blockTtlDays, logLevel]).toEqual([1, 14, 'warn'])
  })

  it('lets single limits be set', () => {
    const { limits } = parseConfig({ TSDB_LIMITS: '{"tags":16}' })
    expect(limits).toEqual({ ...DEFAULT_LIMITS, tags: 16 })
  })

  it.each([
    ['TSDB_LIMITS', '{'],
    ['TSDB_LIMITS', '[]'],
    ['TSDB_LIMITS', '{"tag":1}'],
    ['TSDB_LIMITS', '{"tags":0}'],
    ['TSDB_LIMITS', '{"tags":"8"}'],
    ['TSDB_LIMITS', '{"kairosTags":101}'],
    ['TSDB_UID_WIDTHS', '3,3'],
    ['TSDB_UID_WIDTHS', '3,3,5'],
    ['TSDB_SHELVES', '0'],
    ['TSDB_SHELVES', '1.5'],
    ['TSDB_SYNC_TIMEOUT_MS', 'soon'],
    ['TSDB_LOG_LEVEL', 'loud'],
  ])('refuses %s=%s by name', (name, value) => {
    expect(() => parseConfig({ [name]: value })).toThrow(BadConfigurationError)
    expect(() => parseConfig({ [name]: value })).toThrow(name)
  })

  it('names the variable of a table only when somebody asks for it', () => {
    const config = parseConfig({})
    expect(() => config.tables.uid).toThrow('TSDB_UID_TABLE')
  })

  it('takes a function without the tree table for one that has nothing to do with trees', () => {
    expect(parseConfig({}).tables.tree).toBeUndefined()
  })
})
