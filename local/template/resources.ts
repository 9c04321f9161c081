import { TemplateError } from '../errors.ts'
import type { Scope } from './intrinsics.ts'
import { Properties } from './properties.ts'

/** A resource as the template has it. */
export interface RawResource {
  readonly logicalId: string
  readonly type: string
  readonly properties: unknown
}

/** Where everything lives locally; part of every ARN. */
export const LOCAL_REGION = 'local'
export const LOCAL_ACCOUNT = '000000000000'

/** What `Ref` and `Fn::GetAtt` answer for a type. */
interface Identity {
  /** The property that names the resource; a generated name where the template does not set it. */
  readonly nameProperty?: string
  readonly ref: (name: string) => string
  readonly attributes: Readonly<Record<string, (name: string) => string>>
}

/** The ARN of something local; of IAM and STS, which are the same in all regions, without one. */
export function arn(service: string, resource: string): string {
  const region = service === 'iam' || service === 'sts' ? '' : LOCAL_REGION
  return `arn:aws:${service}:${region}:${LOCAL_ACCOUNT}:${resource}`
}
const itself = (name: string) => name

/** Types whose name or ARN other resources need. */
const IDENTITIES: Readonly<Record<string, Identity>> = {
  'AWS::DynamoDB::Table': {
    nameProperty: 'TableName',
    ref: itself,
    attributes: { Arn: (name) => arn('dynamodb', `table/${name}`) },
  },
  'AWS::Kinesis::Stream': {
    nameProperty: 'Name',
    ref: itself,
    attributes: { Arn: (name) => arn('kinesis', `stream/${name}`) },
  },
  'AWS::Lambda::Function': {
    nameProperty: 'FunctionName',
    ref: itself,
    attributes: { Arn: (name) => arn('lambda', `function:${name}`) },
  },
  'AWS::IAM::Role': {
    nameProperty: 'RoleName',
    ref: itself,
    attributes: { Arn: (name) => arn('iam', `role/${name}`) },
  },
  'AWS::Logs::LogGroup': {
    nameProperty: 'LogGroupName',
    ref: itself,
    attributes: { Arn: (name) => arn('logs', `log-group:${name}:*`) },
  },
  'AWS::SQS::Queue': {
    nameProperty: 'QueueName',
    ref: (name) => `https://sqs.${LOCAL_REGION}.amazonaws.com/${LOCAL_ACCOUNT}/${name}`,
    attributes: {
      Arn: (name) => arn('sqs', name),
      QueueName: itself,
      QueueUrl: (name) => `https://sqs.${LOCAL_REGION}.amazonaws.com/${LOCAL_ACCOUNT}/${name}`,
    },
  },
  'AWS::ApiGatewayV2::Api': { ref: itself, attributes: { ApiId: itself } },
  'AWS::ApiGatewayV2::Authorizer': { ref: itself, attributes: { AuthorizerId: itself } },
  'AWS::ApiGatewayV2::Integration': { ref: itself, attributes: { IntegrationId: itself } },
  'AWS::ApiGatewayV2::Route': { ref: itself, attributes: { RouteId: itself } },
  'AWS::ApiGatewayV2::Stage': { nameProperty: 'StageName', ref: itself, attributes: {} },
  'AWS::Lambda::EventSourceMapping': { ref: itself, attributes: { Id: itself } },
  'AWS::Events::Rule': {
    nameProperty: 'Name',
    ref: itself,
    attributes: { Arn: (name) => arn('events', `rule/${name}`) },
  },
  'AWS::Scheduler::Schedule': {
    nameProperty: 'Name',
    ref: itself,
    attributes: { Arn: (name) => arn('scheduler', `schedule/default/${name}`) },
  },
}

/** The resources of a template, and what they say of each other. */
export class Resources implements Scope {
  readonly stackName: string
  readonly #resources = new Map<string, RawResource>()
  readonly #parameters = new Map<string, unknown>()
  readonly #conditions = new Map<string, unknown>()
  readonly #evaluate: (condition: unknown, place: { logicalId: string; type: string }) => boolean

  /**
   * @param template the parsed template
   * @param evaluate resolves a condition's expression; handed in, since it needs this scope
   */
  constructor(
    stackName: string,
    template: { Resources?: unknown; Parameters?: unknown; Conditions?: unknown },
    evaluate: (condition: unknown, scope: Scope, place: { logicalId: string; type: string }) => boolean,
  ) {
    this.stackName = stackName
    this.#evaluate = (condition, place) => evaluate(condition, this, place)
    for (const [name, parameter] of entriesOf(template.Parameters)) {
      const [, value] = entriesOf(parameter).find(([key]) => key === 'Default') ?? []
      this.#parameters.set(name, value)
    }
    for (const [name, condition] of entriesOf(template.Conditions)) this.#conditions.set(name, condition)
    for (const [logicalId, raw] of entriesOf(template.Resources)) {
      const fields = new Map(entriesOf(raw))
      const type = String(fields.get('Type'))
      const condition = fields.get('Condition')
      if (typeof condition === 'string' && !this.condition(condition)) continue
      this.#resources.set(logicalId, { logicalId, type, properties: fields.get('Properties') ?? {} })
    }
  }

  /** Every resource whose condition holds. */
  all(): RawResource[] {
    return [...this.#resources.values()]
  }

  ofType(type: string): Properties[] {
    return this.all()
      .filter((resource) => resource.type === type)
      .map((resource) => this.propertiesOf(resource))
  }

  propertiesOf(resource: RawResource): Properties {
    return new Properties(resource.properties, this, resource)
  }

  /** The properties of the resource of this logical id. */
  resource(logicalId: string): Properties {
    return this.propertiesOf(this.#get(logicalId))
  }

  /** The physical name: what the template says, or one made of the stack's name and the logical id, the same at every start. */
  nameOf(logicalId: string): string {
    const resource = this.#get(logicalId)
    const property = IDENTITIES[resource.type]?.nameProperty
    const own = property === undefined ? undefined : this.propertiesOf(resource).optionalText(property)
    return own ?? `${this.stackName}-${logicalId}`
  }

  arnOf(logicalId: string): string {
    return this.attribute(logicalId, 'Arn')
  }

  /** The logical id of the resource of a type that has this ARN or name. */
  find(type: string, identifier: string): string | undefined {
    return this.all().find(
      (resource) =>
        resource.type === type &&
        (this.nameOf(resource.logicalId) === identifier ||
          this.ref(resource.logicalId) === identifier ||
          this.#arn(resource) === identifier),
    )?.logicalId
  }

  ref(name: string): string {
    switch (name) {
      case 'AWS::Region':
        return LOCAL_REGION
      case 'AWS::AccountId':
        return LOCAL_ACCOUNT
      case 'AWS::Partition':
        return 'aws'
      case 'AWS::URLSuffix':
        return 'amazonaws.com'
      case 'AWS::StackName':
        return this.stackName
      case 'AWS::StackId':
        return arn('cloudformation', `stack/${this.stackName}/local`)
    }
    if (this.#parameters.has(name)) {
      const value = this.#parameters.get(name)
      if (value === undefined) throw new TemplateError(name, 'Parameter', 'has no default, and nobody can be asked')
      return String(value)
    }
    const resource = this.#get(name)
    const identity = IDENTITIES[resource.type]
    if (identity === undefined) throw new TemplateError(name, resource.type, 'the runner does not know what Ref gives')
    return identity.ref(this.nameOf(name))
  }

  attribute(logicalId: string, attribute: string): string {
    const resource = this.#get(logicalId)
    const value = IDENTITIES[resource.type]?.attributes[attribute]
    if (value === undefined) {
      throw new TemplateError(logicalId, resource.type, `the runner does not know the attribute ${attribute}`)
    }
    return value(this.nameOf(logicalId))
  }

  condition(name: string): boolean {
    if (!this.#conditions.has(name)) throw new TemplateError(name, 'Condition', 'is not in the template')
    return this.#evaluate(this.#conditions.get(name), { logicalId: name, type: 'Condition' })
  }

  #arn(resource: RawResource): string | undefined {
    return IDENTITIES[resource.type]?.attributes.Arn?.(this.nameOf(resource.logicalId))
  }

  #get(logicalId: string): RawResource {
    const resource = this.#resources.get(logicalId)
    if (resource === undefined) throw new TemplateError(logicalId, 'unknown', 'is referred to and not in the template')
    return resource
  }
}

/** The entries of something that should be an object, none where it is not. */
export function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}
