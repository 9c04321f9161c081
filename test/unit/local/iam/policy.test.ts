import { expect, test } from 'vitest'
import { Policy } from '../../../../local/iam/policy.ts'

const policy = new Policy([
  { actions: ['dynamodb:GetItem', 'dynamodb:Query'], resources: ['arn:table/a', 'arn:table/b'] },
  { actions: ['dynamodb:PutItem'], resources: ['arn:table/a'] },
  { actions: ['kinesis:*'], resources: ['arn:stream/c*'] },
  { actions: ['DynamoDB:listTables'], resources: ['*'] },
])

const CASES: readonly [action: string, resource: string, isAllowed: boolean, why: string][] = [
  ['dynamodb:Query', 'arn:table/b', true, 'one statement has both'],
  ['dynamodb:PutItem', 'arn:table/b', false, 'they are in different statements'],
  ['dynamodb:Quer', 'arn:table/a', false, 'an action’s beginning is not the action'],
  ['dynamodb:Query', 'arn:table/abc', false, 'an ARN’s beginning is not the ARN'],
  ['dynamodb:Query', 'arn:table/A', false, 'ARNs differ by case'],
  ['kinesis:PutRecords', 'arn:stream/cpu', true, 'a star at the end stands for the rest'],
  ['kinesis:PutRecords', 'arn:stream/d', false, 'and not for all'],
  ['dynamodb:ListTables', '*', true, 'a star alone stands for everything; actions don’t differ by case'],
]

test.each(CASES)('%s on %s: %s, for %s', (action, resource, isAllowed) => {
  expect(policy.allows(action, resource)).toBe(isAllowed)
  expect(policy.allows(action, resource), 'asked again').toBe(isAllowed)
})

test('without statements nothing is allowed', () => {
  expect(new Policy([]).allows('dynamodb:Query', '*')).toBe(false)
})
