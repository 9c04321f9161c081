import { expect, test } from 'vitest'
import { Guard } from '../../../../local/iam/guard.ts'

const TABLE = 'arn:aws:dynamodb:local:000000000000:table'
const STREAM = 'arn:aws:kinesis:local:000000000000:stream/points'
const QUERY = {
  accessKeyId: 'tsdb-Query',
  arn: 'arn:aws:sts::000000000000:assumed-role/tsdb-Role/tsdb-Query',
  statements: [
    { actions: ['dynamodb:Query', 'dynamodb:BatchGetItem'], resources: [`${TABLE}/tsdb`, `${TABLE}/tsdb-uid`] },
    { actions: ['kinesis:GetRecords'], resources: [STREAM] },
  ],
}

function guard(service: 'dynamo' | 'kinesis') {
  const told: string[] = []
  const made = new Guard(service, (message) => told.push(message))
  made.hold([QUERY])
  const refuse = (operation: string, request: object, accessKeyId = 'tsdb-Query') =>
    made.refuse({
      target: `${service === 'dynamo' ? 'DynamoDB_20120810' : 'Kinesis_20131202'}.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/local/x/aws4_request, SignedHeaders=host, Signature=0`,
      body: Buffer.from(JSON.stringify(request)),
    })
  return { refuse, told }
}

test('what the role allows passes, and what it does not is refused in DynamoDB’s words', () => {
  const { refuse, told } = guard('dynamo')
  expect(refuse('Query', { TableName: 'tsdb' })).toBeUndefined()
  const message =
    'User: arn:aws:sts::000000000000:assumed-role/tsdb-Role/tsdb-Query is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:local:000000000000:table/tsdb because no identity-based policy allows the dynamodb:PutItem action'
  const refused = { __type: 'com.amazon.coral.service#AccessDeniedException', Message: message }
  expect(refuse('PutItem', { TableName: 'tsdb' })).toEqual(refused)
  expect(refuse('PutItem', { TableName: 'tsdb' })).toEqual(refused)
  expect(told, 'told once').toEqual([message])
})

test('a batch needs every table that it names', () => {
  const { refuse } = guard('dynamo')
  expect(refuse('BatchGetItem', { RequestItems: { tsdb: {}, 'tsdb-uid': {} } })).toBeUndefined()
  expect(refuse('BatchGetItem', { RequestItems: { tsdb: {}, 'tsdb-meta': {}, 'tsdb-tree': {} } })).toMatchObject({
    Message: expect.stringContaining('on resource: arn:aws:dynamodb:local:000000000000:table/tsdb-meta because'),
  })
})

test('an action on no table at all needs a statement for everything', () => {
  const { refuse } = guard('dynamo')
  expect(refuse('ListTables', {})).toMatchObject({
    Message: expect.stringContaining('ListTables on resource: * because'),
  })
})

test('Kinesis refuses in its own words, and an iterator is a stream that could be read when it was made', () => {
  const { refuse } = guard('kinesis')
  expect(refuse('PutRecords', { StreamName: 'points' })).toMatchObject({
    __type: 'AccessDeniedException',
    Message: expect.stringContaining(`perform: kinesis:PutRecords on resource: ${STREAM} because`),
  })
  expect(refuse('GetRecords', { ShardIterator: 'AAAA' })).toBeUndefined()
  expect(refuse('ListShards', { NextToken: 'AAAA' })).toMatchObject({ __type: 'AccessDeniedException' })
})

test('who is not held may do everything', () => {
  const { refuse } = guard('dynamo')
  for (const accessKeyId of ['local', 'AKIAIOSFODNN7EXAMPLE', '']) {
    expect(refuse('DeleteTable', { TableName: 'tsdb' }, accessKeyId)).toBeUndefined()
  }
})
