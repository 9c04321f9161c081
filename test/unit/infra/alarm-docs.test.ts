import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { METRICS } from '../../../functions/metrics.ts'
import { synthesise } from './synthesise.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
/** What stands under each heading of the third level, by the anchor that links name it by. */
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((section): [string, string] => {
      const [heading = '', ...lines] = section.split('\n')
      return [heading.toLowerCase().replaceAll(' ', '-'), lines.join('\n').split(/^## /m)[0] ?? '']
    }),
)
const templates = [{}, { canary: '10' }].map((context) => synthesise(context).template)
const alarms = templates.flatMap((template) => Object.values(template.findResources('AWS::CloudWatch::Alarm')))

test('every alarm names its section of docs/operations.md, which says what it means, where to look and what to do', () => {
  expect(alarms.length).toBeGreaterThan(14)
  for (const { Properties } of alarms) {
    const [, anchor = ''] = /: docs\/operations\.md#([a-z-]+)$/.exec(Properties.AlarmDescription) ?? []
    const section = sections.get(anchor)
    expect(section, `${Properties.AlarmDescription}`).toBeDefined()
    for (const part of ['**Means:**', '**Look:**', '**Do:**']) expect(section, anchor).toContain(part)
  }
})

test('no section is about an alarm that there is none of', () => {
  const named = new Set(alarms.map(({ Properties }) => Properties.AlarmDescription.split('#')[1]))
  const described = [...sections.keys()].filter((anchor) => anchor.startsWith('alarm-'))
  expect(described.filter((anchor) => !named.has(anchor))).toEqual([])
})

describe('every metric that functions publish', () => {
  const names = Object.keys(METRICS).sort()

  test('has a row of docs/operations.md, and no other metric has', () => {
    const rows = [...page.matchAll(/^\| (`[A-Z]\w+`[^|]*) \| [a-z, ;-]+ \| [^|]+ \|$/gm)]
    const listed = rows.flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name))
    expect(listed.sort()).toEqual(names)
  })

  test('is on the dashboard, and no other metric is', () => {
    const text = JSON.stringify(templates.map((each) => each.findResources('AWS::CloudWatch::Dashboard')))
    const shown = [...text.replaceAll('\\', '').matchAll(/"tsdb","([A-Za-z]+)","service"/g)].map(([, name]) => name)
    expect([...new Set(shown)].sort()).toEqual(names)
  })

  test('is all that alarms ask for', () => {
    const text = JSON.stringify(alarms)
    const asked = [...text.matchAll(/"MetricName":"([A-Za-z]+)","Namespace":"tsdb"/g)].map(([, name]) => name)
    expect(asked.length).toBeGreaterThan(3)
    expect(asked.filter((name) => name === undefined || !names.includes(name))).toEqual([])
  })
})
