import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { answerLines, quoteNumbers } from '../../../cli/query.ts'
import { type AnsweringServer, runTsdb, startAnswering } from '../../helpers/cli.ts'

describe('tsdb query', () => {
  let server: AnsweringServer | undefined
  afterEach(() => server?.close())

  it('asks /api/query and prints a line for each point', async () => {
    const answer = [
      { metric: 'sys.cpu.user', tags: { host: 'web01', cpu: '0' }, aggregateTags: [], dps: [[1795319110, 26951]] },
      { metric: 'sys.cpu.user', tags: {}, aggregateTags: ['host'], dps: [[1795319110, 1.5]] },
    ]
    server = await startAnswering(() => ({ status: 200, body: JSON.stringify(answer) }))
    const ran = await runTsdb(['query', '--url', server.url, '--ms', '1h-ago', 'avg', 'sys.cpu.user', 'host=web01'])
    expect(ran).toEqual({
      status: 0,
      stdout: 'sys.cpu.user 1795319110 26951 {host=web01, cpu=0}\nsys.cpu.user 1795319110 1.5 {}\n',
      stderr: '',
    })
    expect(server.received[0]).toMatchObject({ path: '/api/query?arrays' })
    expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
      start: '1h-ago',
      queries: [{ aggregator: 'avg', metric: 'sys.cpu.user', tags: { host: 'web01' } }],
      msResolution: true,
    })
  })

  it("prints the server's words on stderr and ends with 2 when it refuses", async () => {
    // the server says it twice, as OpenTSDB does
    const words = "No such name for 'metrics': 'x'"
    const body = JSON.stringify({ error: { code: 400, message: words, details: words } })
    server = await startAnswering(() => ({ status: 400, body }))
    const ran = await runTsdb(['query', '1h-ago', 'sum', 'x'], { env: { TSDB_URL: server.url, TSDB_TOKEN: 't' } })
    expect(ran).toEqual({ status: 2, stdout: '', stderr: "tsdb: No such name for 'metrics': 'x'\n" })
    expect(server.received[0]?.headers.authorization).toBe('Bearer t')
  })
})

describe('answerLines', () => {
  it('keeps every digit of 64-bit integers and doubles, and NaN', () => {
    const text = '[{"metric":"m","tags":{"h":"1"},"dps":[[1,9223372036854775807],[2,4.9E-324],[3,NaN],[4,-0.0]]}]'
    expect([...answerLines(text)]).toEqual([
      'm 1 9223372036854775807 {h=1}\n',
      'm 2 4.9E-324 {h=1}\n',
      'm 3 NaN {h=1}\n',
      'm 4 -0.0 {h=1}\n',
    ])
  })
})

describe('quoteNumbers', () => {
  it('changes numbers and nothing else', () => {
    const anyText = fc.string({ unit: 'grapheme' })
    const quoted = (value: unknown): unknown =>
      typeof value === 'number'
        ? JSON.stringify(value)
        : Array.isArray(value)
          ? value.map(quoted)
          : typeof value === 'object' && value !== null
            ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, quoted(inner)]))
            : value
    fc.assert(
      fc.property(fc.jsonValue(), anyText, (value, text) => {
        const whole = JSON.parse(JSON.stringify({ value, text }))
        expect(JSON.parse(quoteNumbers(JSON.stringify(whole)))).toEqual(quoted(whole))
      }),
    )
  })
})
