import { expect, test } from 'vitest'
import { type Fragment, FUNCTION, ROLE, read, STREAM, TABLE, withProperties } from './template.ts'

const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] })
const document = (...statements: object[]) => ({ Statement: statements, Version: '2012-10-17' })
const inline = (...statements: object[]) =>
  withProperties(ROLE, { Policies: [{ PolicyName: 'Work', PolicyDocument: document(...statements) }] })
const attached = (roles: unknown[], ...statements: object[]) => ({
  Type: 'AWS::IAM::Policy',
  Properties: { PolicyName: 'More', PolicyDocument: document(...statements), Roles: roles },
})
const LOG = { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/tsdb/put' } }
const READ = {
  Effect: 'Allow',
  Action: ['dynamodb:GetItem', 'dynamodb:Query'],
  Resource: [arnOf('Data'), arnOf('Log')],
}

/** What the one function's role allows. */
const statementsOf = (resources: Fragment) => read({ Put: FUNCTION, ...resources }).functions[0]?.role.statements

test('the statements of a function’s role are read, one action or resource as a list of one', () => {
  const put = { Effect: 'Allow', Action: 'kinesis:PutRecords', Resource: arnOf('Stream') }
  expect(statementsOf({ Data: TABLE, Log: LOG, Stream: STREAM, Role: inline(READ, put) })).toEqual([
    {
      actions: ['dynamodb:GetItem', 'dynamodb:Query'],
      resources: [
        'arn:aws:dynamodb:local:000000000000:table/tsdb',
        'arn:aws:logs:local:000000000000:log-group:/tsdb/put:*',
      ],
    },
    { actions: ['kinesis:PutRecords'], resources: ['arn:aws:kinesis:local:000000000000:stream/tsdb-Stream'] },
  ])
})

test('so are those of policies that are attached to it, and of no others', () => {
  const trace = { Effect: 'Allow', Action: 'xray:PutTraceSegments', Resource: '*' }
  const stack = read({
    Put: FUNCTION,
    Role: withProperties(ROLE, { Policies: undefined }),
    Rule: withProperties(ROLE, { RoleName: 'rule' }),
    Tracing: attached([{ Ref: 'Role' }], trace),
    Other: attached(['rule'], { ...trace, Effect: 'Deny' }),
  })
  expect(stack.functions[0]?.role).toEqual({
    name: 'tsdb-Role',
    statements: [{ actions: ['xray:PutTraceSegments'], resources: ['*'] }],
  })
  expect(stack.ignored).toEqual([
    { logicalId: 'Rule', type: 'AWS::IAM::Role', reason: 'no function takes it on' },
    { logicalId: 'Other', type: 'AWS::IAM::Policy', reason: 'no function takes on the role that it is of' },
  ])
})

const ALLOW = { Effect: 'Allow', Action: 'dynamodb:Query', Resource: '*' }
const REFUSED: readonly [what: string, role: Fragment[string], message: RegExp][] = [
  ['a denial', inline(ALLOW, { ...ALLOW, Effect: 'Deny' }), /Statement\[1\]\.Effect is Deny/],
  ['a condition', inline({ ...ALLOW, Condition: {} }), /Statement\[0\]\.Condition is not known/],
  ['every action but some', inline({ Effect: 'Allow', NotAction: 'a:b', Resource: '*' }), /Action is missing/],
  ['every resource but some', inline({ ...ALLOW, NotResource: '*' }), /NotResource is not known/],
  ['a wildcard within an action', inline({ ...ALLOW, Action: 'dynamodb:*Item' }), /Action has dynamodb:\*Item/],
  ['a wildcard within an ARN', inline({ ...ALLOW, Resource: ['arn:aws:dynamodb:*:*:table/tsdb'] }), /Resource has arn/],
  ['a wildcard for one character', inline({ ...ALLOW, Resource: 'tsd?' }), /Resource has tsd\?/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's own
  ['a variable', inline({ ...ALLOW, Resource: '${aws:username}' }), /Resource has \$\{aws:username\}/],
  ['a policy of AWS’s', withProperties(ROLE, { ManagedPolicyArns: ['arn'] }), /Role .*ManagedPolicyArns is not known/],
  ['a boundary', withProperties(ROLE, { PermissionsBoundary: 'arn' }), /PermissionsBoundary is not known/],
]

test.each(REFUSED)('%s in a function’s role is refused by name', (_, role, message) => {
  expect(() => read({ Put: FUNCTION, Role: role })).toThrow(message)
})

test('a function with a role of another template is refused', () => {
  const put = withProperties(FUNCTION, { Role: 'arn:aws:iam::000000000000:role/other' })
  expect(() => read({ Put: put })).toThrow(/Put .*Role is arn:aws:iam::000000000000:role\/other, which is no role/)
})

test('a mapping is refused where its function’s role does not let Lambda poll, or note what it gave up', () => {
  const resources = {
    Consume: FUNCTION,
    Stream: STREAM,
    Failed: { Type: 'AWS::SQS::Queue' },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        DestinationConfig: { OnFailure: { Destination: arnOf('Failed') } },
        EventSourceArn: arnOf('Stream'),
        FunctionName: { Ref: 'Consume' },
        StartingPosition: 'TRIM_HORIZON',
      },
    },
  }
  const kinesis = ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards']
  const reading = { ...ALLOW, Action: kinesis.map((action) => `kinesis:${action}`), Resource: arnOf('Stream') }
  const noting = { ...ALLOW, Action: 'sqs:SendMessage', Resource: arnOf('Failed') }
  expect(read({ ...resources, Role: inline(reading, noting) }).mappings).toHaveLength(1)
  expect(() => read({ ...resources, Role: inline(reading) })).toThrow(
    'Mapping (AWS::Lambda::EventSourceMapping): calls Consume, whose role does not allow sqs:SendMessage on arn:aws:sqs:local:000000000000:tsdb-Failed',
  )
  const noRecords = { ...reading, Action: reading.Action.filter((action) => !action.endsWith('GetRecords')) }
  expect(() => read({ ...resources, Role: inline(noRecords, noting) })).toThrow(/does not allow kinesis:GetRecords on/)
})
