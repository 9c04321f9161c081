import type { RoleModel, StatementModel } from './model.ts'
import type { Properties } from './properties.ts'
import type { Resources } from './resources.ts'

const ROLE = 'AWS::IAM::Role'
const POLICY = 'AWS::IAM::Policy'

/** Text, of which only the end may be left open: `*`, `dynamodb:*`, an ARN up to its last part. */
const PATTERN = /^[^*?]*\*?$/

/** The roles that functions take on, each read once with the policies that are attached to it. */
export class Roles {
  readonly #resources: Resources
  readonly #roles = new Map<string, RoleModel>()
  /** Policies by the name of each role that they are attached to. */
  readonly #policies = new Map<string, Properties[]>()
  readonly #read = new Set<string>()

  constructor(resources: Resources) {
    this.#resources = resources
    for (const policy of resources.ofType(POLICY)) {
      for (const name of policy.texts('Roles')) {
        const ofRole = this.#policies.get(name) ?? []
        ofRole.push(policy)
        this.#policies.set(name, ofRole)
      }
    }
  }

  /**
   * The role that a function's property Role names.
   * @throws TemplateError where it is none of this template's, or says what the runner can't hold a function to
   */
  of(properties: Properties): RoleModel {
    const identifier = properties.text('Role')
    const logicalId = this.#resources.find(ROLE, identifier)
    if (logicalId === undefined) throw properties.wrong('Role', `is ${identifier}, which is no role of this template`)
    const known = this.#roles.get(logicalId)
    if (known !== undefined) return known
    const role = this.#readRole(logicalId)
    this.#roles.set(logicalId, role)
    return role
  }

  /** Whether a resource is a role of a function, or a policy of one. The others are of services that do not run here. */
  has(logicalId: string): boolean {
    return this.#read.has(logicalId)
  }

  #readRole(logicalId: string): RoleModel {
    const name = this.#resources.nameOf(logicalId)
    const role = this.#resources.resource(logicalId)
    role.optionalText('RoleName')
    const inline = role.objects('Policies')
    const attached = this.#policies.get(name) ?? []
    const statements = [...inline, ...attached].flatMap(readPolicy)
    role.skip({
      AssumeRolePolicyDocument: 'who takes it on is said by the function',
      Description: 'for people',
      Tags: 'nobody reads them here',
    })
    role.done()
    for (const each of [role, ...attached]) this.#read.add(each.logicalId)
    return { name, statements }
  }
}

/** An inline policy, or a resource of its own with the same properties. */
function readPolicy(policy: Properties): StatementModel[] {
  const document = policy.object('PolicyDocument')
  const statements = document.objects('Statement').map(readStatement)
  document.skip({ Version: 'differs in variables within texts, which are not known here' })
  document.done()
  policy.skip({ PolicyName: 'for people', Roles: 'read when policies are looked for' })
  policy.done()
  return statements
}

function readStatement(statement: Properties): StatementModel {
  const effect = statement.text('Effect')
  if (effect !== 'Allow') throw statement.wrong('Effect', `is ${effect}; the runner has Allow only`)
  const model = { actions: patterns(statement, 'Action'), resources: patterns(statement, 'Resource') }
  statement.skip({ Sid: 'for people' })
  statement.done()
  return model
}

/** One text or a list of them. */
function patterns(statement: Properties, name: string): readonly string[] {
  const value = statement.value(name)
  const texts = typeof value === 'string' ? [value] : statement.texts(name)
  const unknown = texts.find((text) => !PATTERN.test(text) || text.includes('${'))
  if (unknown !== undefined) throw statement.wrong(name, `has ${unknown}; the runner has * at the end only`)
  if (texts.length === 0) throw statement.wrong(name, 'is missing')
  return texts
}
