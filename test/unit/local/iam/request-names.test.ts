import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { namesIn } from '../../../../local/iam/request-names.ts'

const names = (text: string) => namesIn(Buffer.from(text))
const namesOf = (request: object) => names(JSON.stringify(request))

const ITEM = {
  pk: { B: 'AQ==' },
  TableName: { S: '"TableName":"other"' },
  RequestItems: { M: { other: { NULL: true } } },
}

describe('what a request names', () => {
  test.each([
    ['a table, wherever it is written', { Item: ITEM, TableName: 'tsdb' }, ['tsdb']],
    ['a stream', { Records: [{ Data: 'AA==', PartitionKey: 'StreamName' }], StreamName: 'points' }, ['points']],
    ['a stream by its ARN', { StreamARN: 'arn:aws:kinesis:local:000000000000:stream/points' }, ['points']],
    [
      'every table of a batch, whatever its items hold',
      { ReturnConsumedCapacity: 'TOTAL', RequestItems: { a: [{ PutRequest: { Item: ITEM } }], b: { Keys: [ITEM] } } },
      ['a', 'b'],
    ],
    ['nothing', { ShardIterator: 'AAAA', Limit: 20 }, []],
  ])('%s', (_, request, expected) => {
    expect(namesOf(request)).toEqual(expected)
  })

  test('is found with spaces as without', () => {
    expect(names('{ "Limit" : 1,\n "TableName" : "tsdb" }')).toEqual(['tsdb'])
    expect(names('{ "RequestItems" : { "a" : [ ] , "b" : { } } }')).toEqual(['a', 'b'])
  })

  test('is nothing where the request is not JSON', () => {
    for (const text of [
      '',
      '{',
      '"',
      '{"TableName',
      '{"TableName":',
      '}}{{',
      'null',
      `{"Item":{"a":"${'x'.repeat(200)}`,
    ]) {
      expect(names(text), text).toEqual([])
    }
  })

  test('is what parsing would find, whatever texts come before', () => {
    const texts = fc.array(
      fc.oneof(fc.string(), fc.string({ minLength: 60, maxLength: 70 }), fc.constant('\\"'.repeat(40))),
    )
    fc.assert(
      fc.property(texts, fc.string({ minLength: 1 }), (before, name) => {
        const RequestItems = Object.fromEntries([[`t${name.replaceAll(/["\\\p{C}]/gu, '')}`, before]])
        expect(namesOf({ Item: before, RequestItems })).toEqual(Object.keys(RequestItems))
        expect(namesOf({ Item: before, TableName: 'tsdb' })).toEqual(['tsdb'])
      }),
    )
  })
})
