import { describe, expect, it } from 'vitest'
import { preferencesApplied, readPreferences } from '../../../functions/http/preferences.ts'

describe('the header Prefer', () => {
  it.each([
    [undefined, false, false],
    ['', false, false],
    ['nan=omit', true, false],
    ['NaN = "omit"', true, false],
    ['global-annotations', false, true],
    ['respond-async, nan=omit; foo=bar,global-annotations', true, true],
    ['nan=keep', false, false],
  ])('%s is read', (header, omitNaN, globalAnnotations) => {
    expect(readPreferences(header)).toEqual({ omitNaN, globalAnnotations })
  })

  it('is answered with what was followed', () => {
    expect(preferencesApplied(readPreferences('nan=omit, global-annotations, wait=5'))).toEqual({
      'preference-applied': 'nan=omit, global-annotations',
    })
    expect(preferencesApplied(readPreferences('wait=5'))).toEqual({})
  })
})
