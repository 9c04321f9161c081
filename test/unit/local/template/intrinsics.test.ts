import { expect, test } from 'vitest'
import { NO_VALUE, resolve, type Scope } from '../../../../local/template/intrinsics.ts'

const SCOPE: Scope = {
  ref: (name) => `<${name}>`,
  attribute: (logicalId, attribute) => `<${logicalId}.${attribute}>`,
  condition: (name) => name === 'Yes',
}
const PLACE = { logicalId: 'Thing', type: 'AWS::Test::Thing' }

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholders
const CASES: readonly [intrinsic: object, value: unknown][] = [
  [{ Ref: 'Table' }, '<Table>'],
  [{ 'Fn::GetAtt': ['Table', 'Arn'] }, '<Table.Arn>'],
  [{ 'Fn::GetAtt': 'Table.Stream.Arn' }, '<Table.Stream.Arn>'],
  [{ 'Fn::Join': ['/', ['a', { Ref: 'B' }, 3]] }, 'a/<B>/3'],
  [{ 'Fn::Sub': 'arn:${Table}:${Table.Arn}:${!literal}' }, 'arn:<Table>:<Table.Arn>:${literal}'],
  [{ 'Fn::Sub': ['${own}-${Table}', { own: { Ref: 'X' } }] }, '<X>-<Table>'],
  [{ 'Fn::Select': [1, ['a', 'b']] }, 'b'],
  [{ 'Fn::Select': ['2', { 'Fn::Split': [':', 'a:b:c'] }] }, 'c'],
  [{ 'Fn::If': ['Yes', 'then', 'else'] }, 'then'],
  [{ 'Fn::If': ['No', 'then', { Ref: 'Else' }] }, '<Else>'],
  [{ 'Fn::Equals': ['a', 'a'] }, true],
  [{ 'Fn::Not': [{ Condition: 'Yes' }] }, false],
  [{ 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] }, false],
  [{ 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] }, true],
]
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholders

test.each(CASES)('%j becomes %j', (intrinsic, value) => {
  expect(resolve(intrinsic, SCOPE, PLACE)).toEqual(value)
})

test('intrinsics are found at any depth', () => {
  expect(resolve({ a: [{ b: { Ref: 'T' } }] }, SCOPE, PLACE)).toEqual({ a: [{ b: '<T>' }] })
})

test('AWS::NoValue takes away the property or entry that it stands for', () => {
  const none = { Ref: 'AWS::NoValue' }
  expect(resolve({ a: none, b: [1, none, 2] }, SCOPE, PLACE)).toEqual({ b: [1, 2] })
  expect(resolve(none, SCOPE, PLACE)).toBe(NO_VALUE)
})

test('an unknown intrinsic is refused, naming it and the resource', () => {
  expect(() => resolve({ 'Fn::Cidr': [] }, SCOPE, PLACE)).toThrow(
    'Thing (AWS::Test::Thing): the runner does not know the intrinsic Fn::Cidr',
  )
})

test('arguments of another shape are refused', () => {
  expect(() => resolve({ 'Fn::Join': ['/'] }, SCOPE, PLACE)).toThrow(/Fn::Join can't take \["\/"\]/)
  expect(() => resolve({ 'Fn::Select': [5, ['a']] }, SCOPE, PLACE)).toThrow(/Fn::Select can't take/)
})
