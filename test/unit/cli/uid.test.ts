import { afterEach, describe, expect, it } from 'vitest'
import { type AnsweringServer, runTsdb, startAnswering } from '../../helpers/cli.ts'

let server: AnsweringServer | undefined
afterEach(() => server?.close())

const json = (value: unknown, status = 200) => ({ status, body: JSON.stringify(value) })

describe('tsdb uid fsck', () => {
  it('goes through all pages of all kinds and prints the faults', async () => {
    const fault = { kind: 'metric', name: 'b', uid: '000002', fault: 'The UID leads to c' }
    server = await startAnswering(({ body }) => {
      const { type, after } = JSON.parse(body)
      if (type !== 'metric') return json({ checked: 1, faults: [] })
      return json(after === '' ? { checked: 2, faults: [], next: 'a' } : { checked: 1, faults: [fault] })
    })
    const ran = await runTsdb(['uid', 'fsck', '--url', server.url])
    expect(ran).toEqual({
      status: 1,
      stdout: 'metric b 000002: The UID leads to c\n5 names checked, 1 fault found\n',
      stderr: '',
    })
    expect(server.received.map(({ body }) => JSON.parse(body))).toEqual([
      { type: 'metric', after: '' },
      { type: 'metric', after: 'a' },
      { type: 'tagk', after: '' },
      { type: 'tagv', after: '' },
    ])
  })

  it('ends with 2 where the server refuses, and for a kind that is none', async () => {
    server = await startAnswering(() => json({ error: { code: 500, message: 'UID widths differ' } }, 400))
    const ran = await runTsdb(['uid', 'fsck', 'tagk', '--url', server.url])
    expect(ran).toEqual({ status: 2, stdout: '', stderr: 'tsdb: UID widths differ\n' })
    expect((await runTsdb(['uid', 'fsck', 'host'])).status).toBe(2)
  })
})

describe('tsdb uid delete', () => {
  it('says which names are deleted and which are not', async () => {
    server = await startAnswering(() =>
      json({ tagk: { hots: '00000F' }, tagk_errors: { host: 'Name("host") is used' } }, 400),
    )
    const ran = await runTsdb(['uid', 'delete', 'tagk', 'hots', 'host', '--url', server.url])
    expect(ran).toEqual({
      status: 1,
      stdout: 'tagk hots 00000F: deleted\n',
      stderr: 'tagk host: Name("host") is used\n',
    })
    expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({ tagk: ['hots', 'host'] })
  })
})
