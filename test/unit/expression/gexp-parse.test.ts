import { describe, expect, test } from 'vitest'
import { parseGexpParameters } from '../../../lib/expression/gexp.ts'
import { parseCall } from '../../../lib/expression/gexp-parse.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'

const parse = (text: string) => parseCall(text, DEFAULT_LIMITS)
const refused = (text: string) => expect(() => parse(text), text)

describe('calls of functions', () => {
  test('take metric queries, calls and then parameters', () => {
    expect(parse(" scale( sumSeries(sum:a{host=*,dc=lga}, avg:1m-max:rate:b.c) ,-2.5, 'x')")).toEqual({
      name: 'scale',
      inputs: [{ name: 'sumSeries', inputs: ['sum:a{host=*,dc=lga}', 'avg:1m-max:rate:b.c'], parameters: [] }],
      parameters: ['-2.5', "'x'"],
    })
  })

  test('what is anything else is refused whole', () => {
    for (const text of [
      'scale(sum:a',
      'scale sum:a',
      'sum:a',
      'scale(sum:a))',
      'scale(sum:a{host=web*},1)',
      'f()',
      'f(a:)',
    ]) {
      refused(text).toThrow(`Failed to parse ${text}`)
    }
    refused('f(sum:1m-avg:rate:x:a)').toThrow('Failed to parse')
    refused('scale(10,sum:a)').toThrow(
      expect.objectContaining({ details: expect.stringContaining('after its series') }),
    )
  })

  test('length and depth are limited', () => {
    refused(`f(sum:${'a'.repeat(5000)})`).toThrow(/expressionLength/)
    refused('f('.repeat(100)).toThrow(/expressionDepth/)
  })
})

describe('the query string', () => {
  const read = (text: string) => parseGexpParameters(new URLSearchParams(text), 10_000, DEFAULT_LIMITS)

  test('its metrics become sub-queries in the order in which they are written', () => {
    const { query } = read('start=1&ms&exp=sumSeries(scale(sum:a,2),sum:b)&exp=scale(max:c,2)&m=sum:ignored')
    expect(query.queries.map(({ metric }) => metric)).toEqual(['a', 'b', 'c'])
    expect(query.msResolution).toBe(true)
  })

  test('unknown functions, no expressions and too many are refused', () => {
    expect(() => read('start=1&exp=nosuch(sum:a)')).toThrow('Function nosuch has not been implemented')
    expect(() => read('start=1&exp=scale(nosuch(sum:a),1)')).toThrow('Function nosuch')
    expect(() => read('start=1')).toThrow('Missing sub queries')
    expect(() => read(`start=1${'&exp=scale(sum:a,1)'.repeat(101)}`)).toThrow(/expressions allows 100/)
  })
})
