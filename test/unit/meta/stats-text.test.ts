import { describe, expect, it } from 'vitest'
import { describeUids, type Stat } from '../../../lib/meta/stats.ts'
import { prometheusText, statsLines } from '../../../lib/meta/stats-text.ts'

const stat = (metric: string, value: string, tags: Record<string, string>): Stat => ({
  metric,
  timestamp: 1_356_998_400,
  value,
  tags,
})

describe('figures as text', () => {
  it('are import lines for old clients', () => {
    expect(statsLines([stat('tsd.a', '1', { function: 'meta', kind: 'tagk' }), stat('tsd.b', '2.5', {})])).toEqual([
      'tsd.a 1356998400 1 function=meta kind=tagk',
      'tsd.b 1356998400 2.5',
    ])
  })

  it('stand together by metric for Prometheus, with names and labels that it takes', () => {
    const text = prometheusText([
      stat('tsd.uid.ids-used', '1', { kind: 'metrics' }),
      stat('tsd.other', '2', { path: 'a"b\\c\nd' }),
      stat('tsd.uid.ids-used', '3', { kind: 'tagk' }),
    ])
    expect(text.split('\n')).toEqual([
      '# TYPE tsd_uid_ids_used untyped',
      'tsd_uid_ids_used{kind="metrics"} 1',
      'tsd_uid_ids_used{kind="tagk"} 3',
      '',
      '# TYPE tsd_other untyped',
      'tsd_other{path="a\\"b\\\\c\\nd"} 2',
      '',
    ])
  })

  it('say of each kind how many UIDs are used and left, under OpenTSDB’s names', () => {
    const stats = describeUids([{ kind: 'metric', used: 5, available: 16_777_210 }], 1_356_998_400_999)
    expect(stats.map(({ metric, timestamp, value, tags }) => [metric, timestamp, value, tags.kind])).toEqual([
      ['tsd.uid.ids-used', 1_356_998_400, '5', 'metrics'],
      ['tsd.uid.ids-available', 1_356_998_400, '16777210', 'metrics'],
    ])
  })
})
