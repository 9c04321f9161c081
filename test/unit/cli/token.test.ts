import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken } from '../../../cli/token.ts'
import { TokenStore } from '../../../lib/access/tokens.ts'
import { Dynamo, openClient } from '../../../lib/store/dynamo.ts'
import { runTsdb } from '../../helpers/cli.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'

let dynamo: RunningDynamo
let data: string

beforeAll(async () => {
  dynamo = await startDynamo()
  data = await mkdtemp(join(tmpdir(), 'token-'))
  await writeFile(join(data, 'running.json'), JSON.stringify({ dynamoEndpoint: dynamo.endpoint }))
})

afterAll(async () => {
  await dynamo.stop()
  await rm(data, { recursive: true })
})

const token = (...words: string[]) => runTsdb(['token', ...words, '--data', data])

describe('tsdb token create', () => {
  it('prints the token alone, and what it is beside it', async () => {
    const { status, stdout, stderr } = await token(
      'create',
      '--scope',
      'query,put',
      '--prefix',
      'a.',
      '--prefix',
      'b',
      'my name',
    )
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^tsdb_[0-9a-f]{16}_[\w-]{43}\n$/)])
    expect(stderr).toContain('  query,put  a.*,b*  never used  never expires  my name\n')
    const store = new TokenStore(
      new Dynamo({ client: openClient(dynamo.endpoint), retry: { deadlineMs: 10_000 } }),
      TABLES.meta,
    )
    expect(await store.find(stdout.trim())).toMatchObject({ name: 'my name', prefixes: ['a.', 'b'] })
    expect(JSON.stringify(await store.list())).not.toContain(stdout.trim().slice(22))
  })

  it.each([
    ['12h', 1356998400 + 12 * 3600],
    ['90d', 1356998400 + 90 * 86_400],
    ['2w', 1356998400 + 14 * 86_400],
    ['1y', 1356998400 + 365 * 86_400],
    ['2013/02/01', 1359676800],
    ['1359676800', 1359676800],
  ])('takes %s for an expiry', async (expires, at) => {
    const io = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), env: {} }
    const command = { data, aws: false, name: 'tsdb', tokenName: 'x', scope: 'put', prefix: [], expires }
    expect(await createToken(command, io, 1356998400_000)).toBe(0)
    io.stderr.end()
    expect(await text(io.stderr)).toContain(
      `expires ${new Date(at * 1000).toISOString().slice(0, 10).replaceAll('-', '/')}`,
    )
  })

  it.each([
    [['create', 'x'], '--scope'],
    [['create', '--scope', 'root', 'x'], '--scope root should be some of put, query, admin'],
    [['create', '--scope', '', 'x'], 'should be some of'],
    [['create', '--scope', 'put', ' '], 'name must be'],
    [['create', '--scope', 'put', '--prefix', 'a b', 'x'], 'illegal character'],
    [['create', '--scope', 'put', '--expires', '1d-ago', 'x'], 'expiry must be in the future'],
    [['create', '--scope', 'put', '--expires', 'never', 'x'], 'never'],
    [['revoke', 'tsdb_x'], '16 hex digits'],
  ])('%j is refused with words', async (words, said) => {
    const { status, stdout, stderr } = await token(...words)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(said)
  })

  it('says where nothing runs', async () => {
    const { status, stderr } = await runTsdb(['token', 'list', '--data', '/nowhere'])
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('No npm start is running on the data folder /nowhere'),
    ])
  })
})
