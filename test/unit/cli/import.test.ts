import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { type AnsweringServer, type Received, runTsdb, startAnswering } from '../../helpers/cli.ts'

const DATA = 'test/data/cli'

/** `count` good lines of one series. */
function goodLines(count: number): string {
  return Array.from({ length: count }, (_, i) => `m ${1356998400 + i} ${i} host=a\n`).join('')
}

function pointsOf(request: Received | undefined): { metric: string; timestamp: number; value: number }[] {
  return JSON.parse(request?.body ?? '[]')
}

/** Takes every point, as the server does with ?details. */
function takeAll(request: Received): { status: number; body: string } {
  return { status: 200, body: JSON.stringify({ success: pointsOf(request).length, failed: 0, errors: [] }) }
}

describe('tsdb import', () => {
  let server: AnsweringServer | undefined
  afterEach(() => server?.close())

  async function importInto(
    answer: Parameters<typeof startAnswering>[0],
    args: readonly string[],
    stdin: string | Uint8Array = '',
  ) {
    server = await startAnswering(answer)
    return runTsdb(['import', '--url', server.url, ...args], { stdin })
  }

  it('sends every line and ends with 0', async () => {
    const ran = await importInto(takeAll, [`${DATA}/crlf-tabs-no-last-newline.good.txt`])
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toMatch(/^Imported 3 points in \d+\.\d s \([\d,]+ points\/s\)\n$/)
    expect(server?.received).toHaveLength(1)
    expect(server?.received[0]?.path).toBe('/api/put?details')
    expect(pointsOf(server?.received[0]).map(({ value }) => value)).toEqual([42, 43, 44])
  })

  it('knows gzip by its first bytes, whatever the file is called', async () => {
    const ran = await importInto(takeAll, [`${DATA}/packed-without-gz-in-its-name.good.txt`])
    expect(ran.status).toBe(0)
    expect(pointsOf(server?.received[0])).toHaveLength(3)
  })

  it('reads standard input, packed or not, where the file is -', async () => {
    expect((await importInto(takeAll, ['-'], goodLines(2))).stdout).toMatch(/^Imported 2 points/)
    await server?.close()
    const twoMembers = Buffer.concat([gzipSync(goodLines(2)), gzipSync(goodLines(3))])
    expect((await importInto(takeAll, ['-'], twoMembers)).stdout).toMatch(/^Imported 5 points/)
  })

  it('reports each bad line with its file, number and reason, sends the rest and ends with 1', async () => {
    const file = `${DATA}/mixed.bad.txt`
    const ran = await importInto(takeAll, [file])
    expect(ran.status).toBe(1)
    expect(ran.stderr.trimEnd().split('\n')).toEqual([
      `${file}:3: no value: a line is metric timestamp value tag=value ...`,
      `${file}:4: Missing tags: a point has at least one tag=value`,
      `${file}:7: Invalid metric name ("bad!metric"): illegal character: !`,
      `${file}:8: Invalid timestamp: yesterday`,
      `${file}:10: Unable to parse value to a number: many`,
      `${file}:11: Invalid tag: host is not tag=value`,
    ])
    expect(ran.stdout).toMatch(/^Imported 3 points .*; 6 bad lines\n$/)
    expect(pointsOf(server?.received[0]).map(({ metric }) => metric)).toEqual([
      'sys.cpu.user',
      'double.blanks',
      'big.counter',
    ])
  })

  it('finds the lines of the points that the server refuses', async () => {
    const lines = 'm 1356998400 1 host=a b=c\nm 1356998401 2 host=a\n\nm 1356998401 2 host=a\nm 1356998402 3 host=a\n'
    const body = JSON.stringify({
      success: 1,
      failed: 3,
      errors: [
        { datapoint: { metric: 'm', timestamp: 1356998400, value: '1', tags: { b: 'c', host: 'a' } }, error: 'one' },
        { datapoint: { metric: 'm', timestamp: 1356998401, value: '2', tags: { host: 'a' } }, error: 'two' },
        { datapoint: { metric: 'm', timestamp: 1356998401, value: '2', tags: { host: 'a' } }, error: 'three' },
      ],
    })
    const ran = await importInto(() => ({ status: 400, body }), ['-'], lines)
    expect(ran.stderr).toBe('stdin:1: one\nstdin:2: two\nstdin:4: three\n')
    expect(ran).toMatchObject({ status: 1, stdout: expect.stringMatching(/^Imported 1 point .*; 3 bad lines\n$/) })
  })

  it('finds the line of a refused point by its number, with however many digits it is written', async () => {
    const datapoint = { metric: 'm', timestamp: 1356998400, value: '1.50', tags: { host: 'b' } }
    const body = JSON.stringify({ success: 1, failed: 1, errors: [{ datapoint, error: 'no' }] })
    const lines = 'm 1356998400 1.50 host=a\nm 1356998400 1.50 host=b\n'
    const ran = await importInto(() => ({ status: 400, body }), ['-'], lines)
    expect(ran).toMatchObject({ status: 1, stderr: 'stdin:2: no\n' })
  })

  it('sends no more points in a request than --batch says and no more requests at once than --connections', async () => {
    const ran = await importInto(takeAll, ['--batch', '10', '--connections', '2', '-'], goodLines(95))
    expect(ran.status).toBe(0)
    const sizes = server?.received.map((request) => pointsOf(request).length)
    expect(sizes?.sort((a, b) => b - a)).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 10, 5])
  })

  it('tries again when the server is busy, and loses and repeats nothing', async () => {
    const ran = await importInto(
      (request, before) => (before % 3 === 1 ? { status: 503 } : takeAll(request)),
      ['--batch', '20', '-'],
      goodLines(100),
    )
    expect(ran.status).toBe(0)
    expect(ran.stdout).toMatch(/^Imported 100 points/)
    expect(ran.stderr).toMatch(/status 503; trying again in/)
  })

  it('halves a request that the server finds too large, down to the line that is', async () => {
    const ran = await importInto(
      (request) => (pointsOf(request).some(({ value }) => value === 5) ? { status: 413 } : takeAll(request)),
      ['-'],
      goodLines(16),
    )
    expect(ran).toMatchObject({ status: 1, stderr: 'stdin:6: The server answered 413\n' })
    expect(ran.stdout).toMatch(/^Imported 15 points .*; 1 bad line\n$/)
  })

  it('stops with 2 when the server refuses altogether, and says at which lines', async () => {
    const body = '{"error":{"code":401,"message":"A token is needed"}}'
    const ran = await importInto(() => ({ status: 401, body }), ['-'], goodLines(3))
    expect(ran.status).toBe(2)
    expect(ran.stderr).toBe('stdin:1-3: may not be in\ntsdb: A token is needed\n')
    expect(ran.stdout).toMatch(/^Imported 0 points/)
  })

  it('stops with 2 before anything is sent when a file is not there', async () => {
    const ran = await importInto(takeAll, [`${DATA}/mixed.bad.txt`, 'no-such-file.txt'])
    expect(ran.status).toBe(2)
    expect(ran.stderr).toMatch(/^tsdb: Can't read no-such-file\.txt: ENOENT/)
    expect(server?.received).toHaveLength(0)
  })

  it('stops with 2 where a gzip file breaks off, once what came before is in', async () => {
    const ran = await importInto(takeAll, ['--batch', '100', `${DATA}/gzip-cut-short.bad.txt.gz`])
    expect(ran.status).toBe(2)
    expect(ran.stderr).toMatch(/gzip-cut-short\.bad\.txt\.gz: unexpected end of file/)
    expect(ran.stdout).toMatch(/^Imported 1,[56]\d\d points/)
  })

  it('passes over a line without an end in bounded memory', async () => {
    const ran = await importInto(takeAll, ['-'], `${goodLines(1)}${'x'.repeat(300_000)}\n${goodLines(1)}`)
    expect(ran.stderr).toBe('stdin:2: longer than 16384 bytes\n')
    expect(ran).toMatchObject({ status: 1, stdout: expect.stringMatching(/^Imported 2 points/) })
  })
})

describe('tsdb', () => {
  it.each([[['--help']], [['import', '--help']], [['query', '--help']]])('explains itself: %j', async (args) => {
    const ran = await runTsdb(args)
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toMatch(/^Usage: tsdb/)
  })

  it.each([
    ['nothing', []],
    ['an unknown command', ['exprot']],
    ['an unknown option', ['import', '--fast', 'x']],
    ['import without files', ['import']],
    ['a batch of nothing', ['import', '--batch', '0', '-']],
    ['an address that is none', ['import', '--url', 'nowhere', '-']],
    ['a query without words', ['query']],
  ])('ends with 2 and says why when given %s', async (_, args) => {
    const ran = await runTsdb(args)
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).not.toBe('')
    expect(ran.stderr).not.toMatch(/\n\s+at /)
  })
})
