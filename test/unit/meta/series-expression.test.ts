import { describe, expect, it } from 'vitest'
import { parseSeriesExpression } from '../../../lib/meta/series-expression.ts'
import { parseTerms } from '../../../lib/search/terms.ts'

describe('a lookup in a URL', () => {
  it.each([
    ['m', { metric: 'm', tags: [] }],
    ['*', { metric: undefined, tags: [] }],
    ['m{}', { metric: 'm', tags: [] }],
    [
      'm{a=b,c=*}',
      {
        metric: 'm',
        tags: [
          { key: 'a', value: 'b' },
          { key: 'c', value: undefined },
        ],
      },
    ],
    ['{*=b}', { metric: undefined, tags: [{ key: undefined, value: 'b' }] }],
  ])('%s is read', (text, expected) => {
    expect(parseSeriesExpression(text)).toEqual(expected)
  })

  it.each(['', '{}', 'm{a=b', 'm{a}', 'm{a=}', 'm{=b}', 'm{a=b=c}', 'm{a=b,}'])('%j is refused', (text) => {
    expect(() => parseSeriesExpression(text)).toThrow('Unable to parse query')
  })
})

describe('the terms of a search', () => {
  it('name a field or mean the usual one, whole or by their beginning', () => {
    expect(parseTerms('web* custom.rack:r1 notes:"two words" *', 'name')).toEqual([
      { field: 'name', text: 'web', whole: false },
      { field: 'custom.rack', text: 'r1', whole: true },
      { field: 'notes', text: 'two words', whole: true },
    ])
    expect(parseTerms('*', 'name')).toEqual([])
    expect(parseTerms('notes:*', 'name')).toEqual([{ field: 'notes', text: '', whole: false }])
  })

  it.each(['*web', 'a*b', 'notes:', 'a OR b', Array(17).fill('x').join(' ')])('%j is refused', (query) => {
    expect(() => parseTerms(query, 'name')).toThrow()
  })
})
