import { arn } from '../template/resources.ts'
import { Policy } from './policy.ts'
import type { Principal } from './principal.ts'
import { namesIn } from './request-names.ts'

/** A request to an emulator, as far as it says who asks for what. */
export interface GuardedRequest {
  /** `DynamoDB_20120810.PutItem` */
  readonly target: string
  /** The header. */
  readonly authorization: string | undefined
  readonly body: Buffer
}

interface Service {
  /** What its actions begin with. */
  readonly prefix: string
  readonly arnOf: (name: string) => string
  /** What it calls a refusal. */
  readonly error: string
  /** Operations whose requests may name nothing and hold an iterator or a token instead, which who may read was given before. */
  readonly byToken: ReadonlySet<string>
}

/** What is emulated. */
const SERVICES: Readonly<Record<'dynamo' | 'kinesis', Service>> = {
  dynamo: {
    prefix: 'dynamodb',
    arnOf: (name) => arn('dynamodb', `table/${name}`),
    error: 'com.amazon.coral.service#AccessDeniedException',
    byToken: new Set(),
  },
  kinesis: {
    prefix: 'kinesis',
    arnOf: (name) => arn('kinesis', `stream/${name}`),
    error: 'AccessDeniedException',
    byToken: new Set(['GetRecords', 'ListShards']),
  },
}

/** Holds who is known to what their statements allow. All others may do everything: the runner itself, commands, tests. */
export class Guard {
  readonly #service: Service
  readonly #onRefused: (message: string) => void
  readonly #principals = new Map<string, { readonly arn: string; readonly policy: Policy }>()
  readonly #told = new Set<string>()

  /** @param onRefused hears of each refusal; of those that are the same, once */
  constructor(service: 'dynamo' | 'kinesis', onRefused: (message: string) => void) {
    this.#service = SERVICES[service]
    this.#onRefused = onRefused
  }

  /** Holds these to their statements from now on. */
  hold(principals: readonly Principal[]): void {
    for (const principal of principals) {
      const policy = new Policy(principal.statements)
      this.#principals.set(principal.accessKeyId, { arn: principal.arn, policy })
    }
  }

  /** @returns the body of AWS's error, whose status is 400, where who asks may not */
  refuse({ target, authorization, body }: GuardedRequest): object | undefined {
    const principal = this.#principals.get(accessKeyIdIn(authorization))
    if (principal === undefined) return undefined
    const operation = target.slice(target.indexOf('.') + 1)
    const refused = this.#firstRefused(principal.policy, operation, namesIn(body))
    if (refused === undefined) return undefined
    const action = `${this.#service.prefix}:${operation}`
    const what = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${refused}`
    const message = `${what} because no identity-based policy allows the ${action} action`
    if (!this.#told.has(message)) {
      this.#told.add(message)
      this.#onRefused(message)
    }
    return { __type: this.#service.error, Message: message }
  }

  /** The first resource that a policy does not allow an operation on. */
  #firstRefused(policy: Policy, operation: string, names: readonly string[]): string | undefined {
    const { prefix, arnOf, byToken } = this.#service
    const action = `${prefix}:${operation}`
    if (names.length > 0) return names.map(arnOf).find((resource) => !policy.allows(action, resource))
    const isAllowed = byToken.has(operation) ? policy.allowsSomewhere(action) : policy.allows(action, '*')
    return isAllowed ? undefined : '*'
  }
}

/** `AWS4-HMAC-SHA256 Credential=ID/20260101/local/dynamodb/aws4_request, ...` */
function accessKeyIdIn(authorization = ''): string {
  const start = authorization.indexOf('Credential=') + 'Credential='.length
  return authorization.slice(start, authorization.indexOf('/', start))
}
