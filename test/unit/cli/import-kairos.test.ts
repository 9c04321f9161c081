import { afterEach, describe, expect, it } from 'vitest'
import { readExportLine } from '../../../cli/import-kairos.ts'
import { type AnsweringServer, type Received, runTsdb, startAnswering } from '../../helpers/cli.ts'

/** A line as KairosDB exports it, its points as they stand there. */
function line(name: string, ...points: readonly string[]): string {
  return `{"name":"${name}","tags":{"host":"a"},"datapoints":[${points.join(',')}]}\n`
}

describe('readExportLine(text)', () => {
  it('cuts points out as they stand, whatever their texts look like', () => {
    const points = [
      '[1,9223372036854775807,"long"]',
      '[2,0.10000000000000001,"double"]',
      '[3,"]} \\"datapoints\\":[[","string"]',
    ]
    const text = `{"name":"[odd] \\"datapoints\\"","tags":{"datapoints":"[1]"},"datapoints":[${points.join(', ')}]}`
    const read = readExportLine(text)
    expect(read?.points).toEqual(points)
    expect(`${read?.head}${points.join(', ')}${read?.tail}`).toBe(text)
  })

  it('cuts points out however long their texts are', () => {
    const points = [
      `[1,"${'x'.repeat(20_000_000)}","string"]`,
      `[2,"${'\\\\\\"'.repeat(2_000_000)}","string"]`,
      '[3,4,"long"]',
    ]
    const read = readExportLine(`{"name":"m","tags":{"host":"a"},"datapoints":[${points.join(',')}]}`)
    expect(read?.points.map(({ length }) => length)).toEqual(points.map(({ length }) => length))
  })

  it.each([
    ['an import line', 'sys.cpu.user 1356998400 1 host=a'],
    ['a text that was cut off', '{"name":"m","tags":{"host":"a"},"datapoints":[[1,2,"long"'],
    ['an object without points', '{"name":"m","tags":{"host":"a"}}'],
  ])('takes %s for none', (_, text) => {
    expect(readExportLine(text)).toBeUndefined()
  })
})

describe('tsdb import --kairosdb', () => {
  let server: AnsweringServer | undefined
  afterEach(() => server?.close())

  async function importInto(answer: Parameters<typeof startAnswering>[0], args: readonly string[], stdin: string) {
    server = await startAnswering(answer)
    return runTsdb(['import', '--kairosdb', '--url', server.url, ...args, '-'], { stdin })
  }
  const takeAll = () => ({ status: 204 })
  const bodies = () => server?.received.map(({ body }) => body)

  it('sends lines in requests of so many points, and long lines in parts', async () => {
    const three = ['[1,1,"long"]', '[2,2,"long"]', '[3,3,"long"]']
    const ran = await importInto(takeAll, ['--batch', '2'], line('m', ...three) + line('n', '[4,4,"long"]') + line('o'))
    expect(ran).toEqual({ status: 0, stderr: '', stdout: 'Imported 4 points\n' })
    expect(server?.received[0]?.path).toBe('/api/v1/datapoints')
    const [first = '', second = '', third = ''] = three
    expect(bodies()).toEqual([
      `[${line('m', first, second).trim()}]`,
      `[${line('m', third).trim()},${line('n', '[4,4,"long"]').trim()}]`,
    ])
  })

  it('reports lines that are none and lines that are refused, and ends with 1', async () => {
    const errors = ['metric[1](name=n).tag[host].value may not be empty.']
    const ran = await importInto(
      () => ({ status: 400, body: JSON.stringify({ errors }) }),
      ['--sync'],
      `${line('m', '[1,1,"long"]')}m 1 2\n\n${line('n', '[1,1,"long"]')}`,
    )
    expect(server?.received[0]?.path).toBe('/api/v1/datapoints?sync')
    expect(ran.stderr).toBe(
      'stdin:2: It is no line of an export by KairosDB\nstdin:4: metric(name=n).tag[host].value may not be empty.\n',
    )
    expect(ran).toMatchObject({ status: 1, stdout: 'Imported 1 point; 2 bad lines\n' })
  })

  it('sends lines one by one where the answer does not say whose fault it is', async () => {
    const refuse = ({ body }: Received) =>
      body.includes('"n"') ? { status: 400, body: '{"errors":["The JSON can\'t be read"]}' } : { status: 204 }
    const ran = await importInto(refuse, [], ['m', 'n', 'o'].map((name) => line(name, '[1,1,"long"]')).join(''))
    expect(ran.stderr).toBe("stdin:2: The JSON can't be read\n")
    expect(ran).toMatchObject({ status: 1, stdout: 'Imported 2 points; 1 bad line\n' })
  })

  it('halves what the server finds too large, down to a point', async () => {
    const refuse = ({ body }: Received) => ({ status: (body.match(/"long"/g)?.length ?? 0) > 1 ? 413 : 204 })
    const ran = await importInto(refuse, [], line('m', '[1,1,"long"]', '[2,2,"long"]', '[3,3,"long"]'))
    expect(ran).toEqual({ status: 0, stderr: '', stdout: 'Imported 3 points\n' })
  })

  it('says what may not be in where it could not go on', async () => {
    const body = '{"error":{"code":403,"message":"It may not put"}}'
    const ran = await importInto(
      () => ({ status: 403, body }),
      [],
      line('m', '[1,1,"long"]') + line('n', '[1,1,"long"]'),
    )
    expect(ran.stderr).toBe('stdin:1-2: may not be in\ntsdb: It may not put\n')
    expect(ran).toMatchObject({ status: 2, stdout: 'Imported 0 points\n' })
  })
})
