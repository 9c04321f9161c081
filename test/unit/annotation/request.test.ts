import { describe, expect, it, test } from 'vitest'
import {
  parseAnnotation,
  parseAnnotationParameters,
  parseListParameters,
  parseRange,
  parseRangeParameters,
} from '../../../lib/annotation/request.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'

const context = { widths: DEFAULT_UID_WIDTHS, limits: DEFAULT_LIMITS, now: 1_356_998_460_500 }
const TSUID = '00000100000100000001'
const nothing = { tsuid: '', endTime: undefined, description: undefined, notes: undefined, custom: undefined }

describe('an annotation in a body', () => {
  it('may have its numbers as text, and says nothing by empty text or null', () => {
    const fields = { startTime: '1356998460', endTime: '', description: '', notes: null, custom: null }
    expect(parseAnnotation(fields, context)).toEqual({ ...nothing, startTime: 1_356_998_460 })
  })

  it('may have custom fields of any name', () => {
    const { custom } = parseAnnotation(JSON.parse('{"startTime":1,"custom":{"__proto__":"x","n":5}}'), context)
    expect(Object.entries(custom ?? {})).toEqual([
      ['__proto__', 'x'],
      ['n', '5'],
    ])
  })

  it('names its series in either case of hex', () => {
    const tsuid = '00000a00000100000001'
    expect(parseAnnotation({ startTime: 1, tsuid }, context).tsuid).toBe('00000A00000100000001')
  })
})

test.each([
  [{}, 'The start timestamp has not been set'],
  [{ startTime: 0 }, 'The start timestamp has not been set'],
  [{ startTime: -5 }, 'The start timestamp has not been set'],
  [{ startTime: 1.5 }, 'startTime must be a whole number'],
  [{ startTime: 'x' }, 'startTime must be a whole number'],
  [{ startTime: 2 ** 50 }, 'startTime is too far in the future'],
  [{ startTime: 1, endTime: -1 }, 'endTime must not be negative'],
  [{ startTime: 1, description: {} }, 'description must be text'],
  [{ startTime: 1, custom: ['a'] }, 'custom must be an object'],
  [{ startTime: 1, tsuid: 'zz' }, 'Invalid TSUID: zz'],
  [{ startTime: 1, tsuid: '000001' }, 'Invalid TSUID: 000001'],
  [{ startTime: 1, tsuid: '00000000000100000001' }, 'Invalid TSUID'],
  [{ startTime: 1, notes: 'x'.repeat(70_000) }, 'annotationBytes allows 65536'],
])('%j is refused: %s', (fields, why) => {
  const refused = (() => {
    try {
      parseAnnotation(fields, context)
    } catch (error) {
      return error
    }
  })()
  expect(refused).toMatchObject({ statusCode: why.includes('allows') ? 413 : 400 })
  expect(`${refused} ${JSON.stringify(refused)}`).toContain(why)
})

describe('an annotation in the parameters of a URL', () => {
  const parse = (query: string) => parseAnnotationParameters(new URLSearchParams(query), context)

  it.each([
    ['1356998460', 1_356_998_460],
    ['1356998461500', 1_356_998_461_500],
    ['1356998461000', 1_356_998_461],
    ['2013/01/01-00:01:00', 1_356_998_460],
    ['now', 1_356_998_460_500],
    ['1h-ago', 1_356_994_860_500],
  ])('begins at %s', (text, startTime) => {
    expect(parse(`start_time=${text}&description=d&tsuid=${TSUID}`)).toEqual({
      ...nothing,
      tsuid: TSUID,
      startTime,
      description: 'd',
    })
  })

  it('must have a start', () => {
    expect(() => parse('')).toThrow('Missing start time')
    expect(() => parse('start_time=')).toThrow('Missing start time')
    expect(() => parse('start_time=5z-ago')).toThrow('Invalid duration (suffix)')
  })
})

describe('a range', () => {
  it('takes times as queries do, and ends now', () => {
    const range = { tsuids: [TSUID], global: false, from: 1_356_998_400_000, to: context.now }
    expect(parseRange({ startTime: '1356998400', tsuids: [TSUID] }, context)).toEqual(range)
    expect(parseRange({ startTime: 1356998400, tsuids: [TSUID] }, context)).toEqual(range)
    expect(parseRangeParameters(new URLSearchParams(`start_time=1356998400&tsuids=${TSUID}`), context)).toEqual(range)
    expect(parseListParameters(new URLSearchParams(`start_time=1356998400&tsuid=${TSUID}`), context)).toEqual(range)
  })

  it('lists the global ones where no series is named', () => {
    const parameters = new URLSearchParams('start_time=1356998400&end_time=1356998401')
    expect(parseListParameters(parameters, context)).toEqual({
      tsuids: [],
      global: true,
      from: 1_356_998_400_000,
      to: 1_356_998_401_000,
    })
  })

  it.each([
    [{ global: true }, 'Missing the start time value'],
    [{ startTime: '1' }, 'Missing the TSUIDs or global annotations flag'],
    [{ startTime: '1', tsuids: [], global: false }, 'Missing the TSUIDs or global annotations flag'],
    [{ startTime: '20', endTime: '10', global: true }, 'The end timestamp cannot be less than the start timestamp'],
    [{ startTime: '20', tsuids: ['zz'] }, 'Invalid TSUID: zz'],
  ])('%j deletes nothing: %s', (fields, why) => {
    expect(() => parseRange(fields, context)).toThrow(why)
  })
})
