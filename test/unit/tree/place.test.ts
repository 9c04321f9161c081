import { describe, expect, it, test } from 'vitest'
import type { RuleType, Tree, TreeRule } from '../../../lib/tree/model.ts'
import { compileTree, MAX_DEPTH, placeSeries, type TreeSeries } from '../../../lib/tree/place.ts'

const SERIES: TreeSeries = {
  tsuid: '0A',
  metric: { name: 'sys.cpu.user', custom: { owner: 'jdoe', empty: '' } },
  tags: [
    [
      { name: 'dc', custom: { region: 'eu' } },
      { name: 'ams', custom: { city: 'Amsterdam' } },
    ],
    [
      { name: 'host', custom: undefined },
      { name: 'web01.ams.example.org', custom: undefined },
    ],
  ],
}

const rule = (level: number, type: RuleType, fields: Partial<TreeRule> = {}): TreeRule => ({
  type,
  field: '',
  regex: '',
  separator: '',
  description: '',
  notes: '',
  level,
  order: 0,
  customField: '',
  regexGroupIdx: 0,
  displayFormat: '',
  ...fields,
})

const tree = (rules: readonly TreeRule[], fields: Partial<Tree> = {}): Tree => ({
  treeId: 1,
  name: 't',
  description: '',
  notes: '',
  enabled: true,
  strictMatch: false,
  storeFailures: true,
  created: 0,
  generation: 1,
  rules,
  ...fields,
})

const place = (rules: readonly TreeRule[], fields: Partial<Tree> = {}, series = SERIES) =>
  placeSeries(compileTree(tree(rules, fields)), series)

describe('a rule gives', () => {
  it.each<[string, RuleType, Partial<TreeRule>, string[]]>([
    ['the metric', 'METRIC', {}, ['sys.cpu.user']],
    ['a part of the metric for each separator', 'METRIC', { separator: '\\.' }, ['sys', 'cpu', 'user']],
    ['a tag’s value', 'TAGK', { field: 'dc' }, ['ams']],
    ['a custom field of the metric', 'METRIC_CUSTOM', { field: 'x', customField: 'owner' }, ['jdoe']],
    ['a custom field of a tag key', 'TAGK_CUSTOM', { field: 'dc', customField: 'region' }, ['eu']],
    ['a custom field of a tag value', 'TAGV_CUSTOM', { field: 'ams', customField: 'city' }, ['Amsterdam']],
    ['the first group of an expression', 'TAGK', { field: 'host', regex: '^([a-z]+)(\\d+)' }, ['web']],
    ['another group', 'TAGK', { field: 'host', regex: '^([a-z]+)(\\d+)', regexGroupIdx: 1 }, ['01']],
    ['the expression before the separator', 'METRIC', { regex: '^(\\w+)', separator: '\\.' }, ['sys']],
    ['the value in a format', 'TAGK', { field: 'dc', displayFormat: '{tag_name}: {value}' }, ['dc: ams']],
    [
      'whole and part',
      'TAGK',
      { field: 'host', regex: '^(web)', displayFormat: '{ovalue}={value}' },
      ['web01.ams.example.org=web'],
    ],
    ['the TSUID', 'METRIC', { displayFormat: '{value} {tsuid}' }, ['sys.cpu.user 0A']],
    ['no tag name for a metric', 'METRIC', { displayFormat: '<{tag_name}>{value}' }, ['<>sys.cpu.user']],
    [
      'the custom field’s name',
      'TAGK_CUSTOM',
      { field: 'dc', customField: 'region', displayFormat: '{tag_name}/{value}' },
      ['region/eu'],
    ],
    ['formats of every part', 'METRIC', { separator: '\\.', displayFormat: '[{value}]' }, ['[sys]', '[cpu]', '[user]']],
  ])('%s', (_, type, fields, path) => {
    expect(place([rule(0, type, fields)])).toMatchObject({ path, why: '' })
  })

  it.each<[string, RuleType, Partial<TreeRule>]>([
    ['the tag is not there', 'TAGK', { field: 'rack' }],
    ['the name has no custom field', 'TAGK_CUSTOM', { field: 'host', customField: 'region' }],
    [
      'the custom field is named like a property of objects',
      'METRIC_CUSTOM',
      { field: 'x', customField: 'constructor' },
    ],
    ['the custom field is empty', 'METRIC_CUSTOM', { field: 'x', customField: 'empty' }],
    ['the expression does not match', 'METRIC', { regex: '^(web)' }],
    ['the group is not there', 'METRIC', { regex: '^(sys)', regexGroupIdx: 1 }],
    ['the expression has no group', 'METRIC', { regex: '^sys' }],
    ['the group is empty', 'METRIC', { regex: '^(x*)' }],
    ['the separator leaves nothing', 'METRIC', { separator: '.' }],
  ])('nothing where %s', (_, type, fields) => {
    const { path, why, messages } = place([rule(0, type, fields)])
    expect(path).toBeUndefined()
    expect(why).toBe(`No rule matched: [1:0:0:${type}]`)
    expect(messages.at(-1)).toBe(why)
    expect(messages.length).toBeGreaterThan(1)
  })
})

describe('levels', () => {
  const rules = [
    rule(0, 'TAGK', { field: 'dc' }),
    rule(1, 'TAGK', { field: 'rack' }),
    rule(7, 'METRIC', { separator: '\\.' }),
  ]

  it('that find nothing are passed over', () => {
    expect(place(rules).path).toEqual(['ams', 'sys', 'cpu', 'user'])
    expect(place(rules.slice(0, 2)).path).toEqual(['ams'])
  })

  it('that find nothing keep a series out of a strict tree', () => {
    const { path, found, why } = place(rules, { strictMatch: true })
    expect(path).toBeUndefined()
    expect(found).toEqual(['ams', 'sys', 'cpu', 'user'])
    expect(why).toBe('TSUID failed to match one or more rule levels, will not add it: [1:1:0:TAGK]')
  })

  it('take the first of their rules that finds something', () => {
    const level = [
      rule(0, 'TAGK', { field: 'rack', order: 0 }),
      rule(0, 'TAGK', { field: 'dc', order: 1 }),
      rule(0, 'METRIC', { order: 2 }),
    ]
    expect(place([...level].reverse(), { strictMatch: true }).path).toEqual(['ams'])
  })

  it('leave out empty parts, which a strict tree minds', () => {
    const series = { ...SERIES, metric: { name: 'a..b', custom: undefined } }
    expect(place([rule(0, 'METRIC', { separator: '\\.' })], {}, series).path).toEqual(['a', 'b'])
    expect(place([rule(0, 'METRIC', { separator: '\\.' })], { strictMatch: true }, series).path).toBeUndefined()
  })

  it('may not be more than keys have room for', () => {
    const deep = (parts: number) => ({
      ...SERIES,
      metric: { name: Array(parts).fill('a').join('.'), custom: undefined },
    })
    const split = [rule(0, 'METRIC', { separator: '\\.' })]
    expect(place(split, {}, deep(MAX_DEPTH)).path).toHaveLength(MAX_DEPTH)
    expect(place(split, {}, deep(MAX_DEPTH + 1)).why).toBe(
      `The path has ${MAX_DEPTH + 1} levels, ${MAX_DEPTH} are allowed`,
    )
    const long = [rule(0, 'METRIC', { displayFormat: '{value}'.repeat(100) })]
    expect(place(long).why).toContain('A name has more than 1024 bytes')
  })
})

test('a test explains what every rule did', () => {
  const rules = [
    rule(0, 'TAGK', { field: 'rack' }),
    rule(0, 'TAGK', { field: 'dc', order: 1 }),
    rule(1, 'METRIC', { separator: '\\.' }),
  ]
  expect(place(rules).messages).toEqual([
    'Processing rule: [1:0:0:TAGK]',
    'No match on tagk [rack] for rule: [1:0:0:TAGK]',
    'Processing rule: [1:0:1:TAGK]',
    'Matched tagk [dc] for rule: [1:0:1:TAGK]',
    'Processing rule: [1:1:0:METRIC]',
    'Depth [1] Adding branch: Name: [ams] to parent branch [Name: [ROOT]]',
    'Depth [2] Adding branch: Name: [sys] to parent branch [Name: [ams]]',
    'Depth [3] Adding branch: Name: [cpu] to parent branch [Name: [sys]]',
    'Depth [4] Adding leaf [name: user tsuid: 0A] to parent branch [Name: [cpu]]',
  ])
})
