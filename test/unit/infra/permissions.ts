import type { Template } from 'aws-cdk-lib/assertions'

/** What a role may do, in the words of the docs: action and what on. */
export type Permissions = ReadonlyMap<string, readonly string[]>

interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Condition?: unknown
}

/** Logical ids begin with the names of constructs; what people call these. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^StorageData/, 'tsdb'],
  [/^StorageUid/, 'tsdb-uid'],
  [/^StorageMeta/, 'tsdb-meta'],
  [/^StorageTree/, 'tsdb-tree'],
  [/^StorageCounters/, 'tsdb-counters'],
  [/^IngestStream/, 'the stream'],
  [/^IngestFailed/, 'failed batches'],
  [/^DevicesFailed/, 'failed devices'],
  [/^WebFiles/, "the UI's bucket"],
]

/** What every function may do. */
const ADDING = 'dynamodb:UpdateItem on tsdb-counters'

/**
 * Every role of a template with what it may do besides writing its own log and adding to the counters.
 * @returns by the name of the construct that the role belongs to: `action on resource`, sorted
 */
export function permissionsOf(template: Template): Permissions {
  const roles = Object.entries(template.findResources('AWS::IAM::Role')).map(([id, role]): [string, string[]] => {
    const policies: { PolicyDocument: { Statement: Statement[] } }[] = role.Properties.Policies ?? []
    const statements = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    return [id.replace(/Role[0-9A-F]{8}$/, ''), statements.flatMap(permissionsIn).sort()]
  })
  return new Map(
    roles
      .map(([role, may]): [string, string[]] => [role, [...new Set(may)].filter((one) => one !== ADDING)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function permissionsIn({ Effect, Action, Resource, Condition }: Statement): string[] {
  if (Effect !== 'Allow' || Condition !== undefined) throw new Error(`A statement of another kind: ${Effect}`)
  const actions = [Action].flat()
  const resources = (Array.isArray(Resource) ? Resource : [Resource]).map(nameOf)
  return resources.flatMap((name) =>
    name === 'its log'
      ? actions
          .filter((action) => !/^logs:(CreateLogStream|PutLogEvents)$/.test(action))
          .map((action) => `${action} on its log`)
      : actions.map((action) => `${action} on ${name}`),
  )
}

function nameOf(resource: unknown): string {
  const [[kind, argument] = []] = Object.entries(Object(resource))
  if (kind === 'Fn::Join') return objectsNamed(JSON.stringify(argument))
  const logicalId = Array.isArray(argument) && argument[1] === 'Arn' ? String(argument[0]) : undefined
  if (logicalId === undefined) throw new Error(`A resource that is not named by its ARN: ${JSON.stringify(resource)}`)
  if (/Log[0-9A-F]{8}$/.test(logicalId)) return 'its log'
  const name = NAMES.find(([pattern]) => pattern.test(logicalId))?.[1]
  if (name === undefined) throw new Error(`A resource without a name in the docs: ${logicalId}`)
  return name
}

/** What objects of a bucket are called that a joined ARN names. */
function objectsNamed(joined: string): string {
  if (/"WebFiles[0-9A-F]{8}","Arn"\]},"\/\*"/.test(joined)) return "files of the UI's bucket"
  // One object by its full name.
  if (/cdk-[a-z0-9]+-assets-[^"]*"},"\/[0-9a-f]{64}\.zip"\]/.test(joined)) return 'what the CDK uploaded of the UI'
  throw new Error(`Objects without a name in the docs: ${joined}`)
}
