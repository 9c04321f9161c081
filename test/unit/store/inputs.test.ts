import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { writeAckInput } from '../../../lib/store/ack.ts'
import { readBlocksInput } from '../../../lib/store/data.ts'
import { putLayoutInput } from '../../../lib/store/layout-store.ts'
import { noteEarliestInput, noteLaterInput, openHoursInput } from '../../../lib/store/ledger-inputs.ts'
import { rejectItems } from '../../../lib/store/rejects.ts'
import { createSettingsInput, putForwardInput, reserveInput, suggestInput } from '../../../lib/uid/table.ts'
import { fromHex } from '../../helpers/hex.ts'

const HOUR = 1_356_998_400
const ledger = { pk: { B: fromHex('fe 0003 50e22700') }, sk: { B: fromHex('00') } }

describe('the requests that stores make', () => {
  it('read an hour’s blocks strongly consistently', () => {
    expect(readBlocksInput('tsdb', 3, HOUR)).toEqual({
      TableName: 'tsdb',
      KeyConditionExpression: 'pk = :hour',
      ExpressionAttributeValues: { ':hour': { B: fromHex('ff 0003 50e22700') } },
      ConsistentRead: true,
    })
    const [from, to] = [Uint8Array.of(1), Uint8Array.of(2)]
    const conditions = [{ from }, { to }, { from, to }].map((range) => readBlocksInput('tsdb', 3, HOUR, range))
    expect(conditions.map(({ KeyConditionExpression }) => KeyConditionExpression)).toEqual([
      'pk = :hour AND sk >= :from',
      'pk = :hour AND sk <= :to',
      'pk = :hour AND sk BETWEEN :from AND :to',
    ])
    expect(conditions[2]?.ExpressionAttributeValues).toMatchObject({ ':from': { B: from }, ':to': { B: to } })
  })

  it('open hours by adding them to a set, each once, and count who does', () => {
    const hours = [HOUR + 7200, HOUR, HOUR + 7200].map((baseTime) => ({ shelf: 3, baseTime }))
    expect(openHoursInput('tsdb', hours)).toEqual({
      TableName: 'tsdb',
      Key: ledger,
      UpdateExpression: 'ADD openHours :hours, runs02 :one, runs00 :one',
      ExpressionAttributeValues: { ':hours': { NS: ['2', '0'] }, ':one': { N: '1' } },
      ReturnValues: 'UPDATED_NEW',
    })
  })

  it('note a late block as the earliest only if it is, and else only count it', () => {
    const sk = Uint8Array.of(1)
    expect(noteEarliestInput('tsdb', { shelf: 3, baseTime: HOUR + 5 * 3600 }, sk)).toMatchObject({
      Key: ledger,
      UpdateExpression: 'SET earliestLate05 = :sk ADD late05 :one',
      ConditionExpression: 'attribute_not_exists(earliestLate05) OR earliestLate05 > :sk',
    })
    expect(noteLaterInput('tsdb', { shelf: 3, baseTime: HOUR + 5 * 3600 }, sk)).toMatchObject({
      Key: ledger,
      UpdateExpression: 'ADD late05 :one',
      ConditionExpression: 'earliestLate05 <= :sk',
    })
  })

  it('take as many UIDs at once as there are new names', () => {
    expect(reserveInput('tsdb-uid', 'tagv', 1000)).toEqual({
      TableName: 'tsdb-uid',
      Key: { pk: { B: Uint8Array.of(0) }, sk: { B: Uint8Array.of(3) } },
      UpdateExpression: 'ADD given :count',
      ExpressionAttributeValues: { ':count': { N: '1000' } },
      ReturnValues: 'UPDATED_NEW',
    })
  })

  it('never overwrite a name or a layout', () => {
    expect(putForwardInput('tsdb-uid', 'metric', 'm', 1).ConditionExpression).toBe('attribute_not_exists(pk)')
    const layout = { fromHour: 0, shelves: 1, saltBuckets: 1, splits: new Map<number, number>() }
    const record = { version: 1, history: [layout] as const, settled: [] }
    expect(putLayoutInput('tsdb-meta', record, undefined).ConditionExpression).toBe('attribute_not_exists(pk)')
    const next = { ...record, version: 2 }
    expect(putLayoutInput('tsdb-meta', next, record)).toMatchObject({
      Item: { version: { N: '2' } },
      ConditionExpression: 'version = :before',
      ExpressionAttributeValues: { ':before': { N: '1' } },
    })
  })

  it('keep the widths that are there', () => {
    expect(createSettingsInput('tsdb-uid', { metric: 3, tagk: 3, tagv: 4 })).toMatchObject({
      UpdateExpression: 'SET widths = if_not_exists(widths, :widths) ADD epoch :none',
      ExpressionAttributeValues: { ':widths': { S: '3,3,4' } },
    })
  })

  it('suggest by prefix, and everything for none', () => {
    expect(suggestInput('tsdb-uid', 'metric', 'sys', 5)).toMatchObject({
      KeyConditionExpression: 'pk = :kind AND begins_with(sk, :prefix)',
      Limit: 5,
    })
    expect(suggestInput('tsdb-uid', 'metric', '', 5).KeyConditionExpression).toBe('pk = :kind')
  })

  it('let acknowledgements expire', () => {
    const input = writeAckInput('tsdb-meta', new Uint8Array(16), { index: 2, count: 3 }, { stored: 7, errors: [] }, 99)
    expect(input.Item).toMatchObject({ ttl: { N: '99' }, parts: { N: '3' }, stored: { N: '7' } })
  })

  it('cut rejects into chunks of which the first says how many', () => {
    const bytes = Buffer.from(Array.from({ length: 500_000 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 13) & 255))
    const items = rejectItems({ arrival: HOUR * 1000, shard: 0, sequence: 1n, reason: 'r'.repeat(9999), bytes }, 1)
    expect(items[0].chunks).toEqual({ N: String(items.length) })
    expect(items[0].reason?.S).toHaveLength(4096)
    expect(gunzipSync(Buffer.concat(items.map((item) => item.packed?.B ?? new Uint8Array()))).equals(bytes)).toBe(true)
    for (const item of items) expect(item.packed?.B?.length).toBeLessThanOrEqual(350_000)
  })
})
