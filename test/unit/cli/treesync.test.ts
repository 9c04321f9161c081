import { afterEach, expect, test } from 'vitest'
import { type AnsweringServer, runTsdb, startAnswering } from '../../helpers/cli.ts'

let server: AnsweringServer | undefined
afterEach(() => server?.close())

const part = (cursor: string | null, more: object = {}) =>
  JSON.stringify({
    trees: [1, 3],
    series: 1000,
    matched: 1990,
    notMatched: 10,
    metricsDone: 4,
    metrics: 9,
    cursor,
    ...more,
  })

test('asks for part after part, each from where the one before ended, and sums up', async () => {
  const parts = [part('5:00AB'), part('7'), part(null, { metricsDone: 9 })]
  server = await startAnswering((_, before) => ({ status: 200, body: parts[before] ?? '' }))
  const ran = await runTsdb(['uid', 'treesync', '--url', server.url])
  expect(ran).toEqual({
    status: 0,
    stdout: '3,000 series, trees 1, 3: 5,970 matched, 30 did not\n',
    stderr: '4 of 9 metrics, 1,000 series; next --cursor 5:00AB\n4 of 9 metrics, 2,000 series; next --cursor 7\n',
  })
  expect(server.received.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
    ['/api/tree/rebuild', {}],
    ['/api/tree/rebuild', { cursor: '5:00AB' }],
    ['/api/tree/rebuild', { cursor: '7' }],
  ])
})

test('goes on from a cursor, for one tree', async () => {
  server = await startAnswering(() => ({ status: 200, body: part(null, { trees: [3] }) }))
  const ran = await runTsdb(['uid', 'treesync', '--url', server.url, '--tree', '3', '--cursor', '7'])
  expect(ran).toMatchObject({ status: 0, stdout: '1,000 series, tree 3: 1,990 matched, 10 did not\n' })
  expect(server.received.map(({ body }) => JSON.parse(body))).toEqual([{ treeId: 3, cursor: '7' }])
})

test('that is refused half way says where to go on', async () => {
  const refused = { status: 404, body: '{"error":{"code":404,"message":"Unable to locate tree: 3"}}' }
  server = await startAnswering((_, before) => (before === 0 ? { status: 200, body: part('5') } : refused))
  const ran = await runTsdb(['uid', 'treesync', '--url', server.url])
  expect(ran).toMatchObject({ status: 2, stdout: '' })
  expect(ran.stderr).toContain('Stopped; go on with --cursor 5\ntsdb: ')
  expect(ran.stderr).toContain('Unable to locate tree: 3')
})

test.each([['0'], ['x'], ['65536']])('--tree %s is refused', async (id) => {
  expect(await runTsdb(['uid', 'treesync', '--tree', id])).toMatchObject({ status: 2 })
})
