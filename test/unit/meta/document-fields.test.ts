import { describe, expect, it } from 'vitest'
import { changed, changesOf, described } from '../../../lib/meta/document-fields.ts'

const TYPES = { notes: 'text', retention: 'whole', max: 'number', custom: 'custom' } as const

describe('the fields of documents', () => {
  it('are set where they differ from what holds without a document', () => {
    expect(changesOf(TYPES, { notes: 'n', retention: '7', max: '1.5e3', custom: { a: 1 }, name: 'x' })).toEqual({
      notes: 'n',
      retention: 7,
      max: 1500,
      custom: { a: '1' },
    })
    expect(changesOf(TYPES, { notes: '', retention: 0, max: 'NaN', custom: null })).toEqual({})
  })

  it('are refused by name where they are not what they must be', () => {
    expect(() => changesOf(TYPES, { max: 'much' })).toThrow('max must be a number, it is "much"')
    expect(() => changesOf(TYPES, { retention: 1.5 })).toThrow('Unable to parse the given JSON')
  })

  it('join those that are there, or take their place, up to a length', () => {
    expect(changed({ notes: 'old', max: 1 }, { notes: 'new' }, false, 100)).toEqual({ notes: 'new', max: 1 })
    expect(changed({ notes: 'old', max: 1 }, { notes: 'new' }, true, 100)).toEqual({ notes: 'new' })
    expect(() => changed(undefined, { notes: 'é'.repeat(50) }, true, 100)).toThrow('documentBytes allows 100')
  })

  it('are all described, with what holds where nobody wrote', () => {
    expect(described(TYPES, undefined)).toEqual({ notes: '', retention: 0, max: 'NaN', custom: null })
    expect(described(TYPES, JSON.parse('{"custom":{"__proto__":"kept"}}')).custom).toEqual(
      JSON.parse('{"__proto__":"kept"}'),
    )
  })
})
