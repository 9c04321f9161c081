import { expect, test } from 'vitest'
import { FEATURES } from '../../../lib/kairos/features.ts'
import { parseKairosQuery } from '../../../lib/kairos/request.ts'

const namesOf = (feature: string) => FEATURES.find(({ name }) => name === feature)?.properties.map(({ name }) => name)

/** What is said of a query with an aggregator or grouping of a name and no fields. */
function saidOf(field: 'aggregators' | 'group_by', name: string): string {
  const metrics = [{ name: 'm', [field]: [{ name }] }]
  try {
    parseKairosQuery(JSON.stringify({ start_absolute: 1, metrics }), Date.now())
    return ''
  } catch (error) {
    return String(error)
  }
}

test('every aggregator and grouping that is told of is one of the query’s', () => {
  expect(saidOf('aggregators', 'nosuch')).toContain('nosuch invalid')
  for (const name of namesOf('aggregators') ?? []) expect(saidOf('aggregators', name)).not.toContain('invalid')
  const unknown = saidOf('group_by', 'nosuch').replaceAll('nosuch', '')
  for (const name of namesOf('group_by') ?? []) expect(saidOf('group_by', name).replaceAll(name, '')).not.toBe(unknown)
  expect(namesOf('aggregators')).toHaveLength(21)
  expect(namesOf('group_by')).toHaveLength(4)
})
