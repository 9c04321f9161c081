import { Match } from 'aws-cdk-lib/assertions'
import { synthesise as synthesiseAll } from './synthesise.ts'

export const CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/12ab-34cd'

/** The stack without the UI, whose function for uploads is the CDK's and keeps none of the rules for functions: web.test.ts has it. */
export const synthesise = (context: Readonly<Record<string, unknown>> = {}) =>
  synthesiseAll({ web: 'false', ...context })

export const byDefault = synthesise()

/** The variables of a function, found by its description. */
export const variables = (description: RegExp, values: Readonly<Record<string, unknown>>) => ({
  Description: Match.stringLikeRegexp(description.source),
  Environment: { Variables: Match.objectLike(values) },
})

/** What a role may do, by the beginning of its logical id, but for adding to the counters, which all functions may. */
export function actionsOf(rolePrefix: string, { template } = byDefault): string[] {
  const roles = Object.entries(template.findResources('AWS::IAM::Role'))
  const found = roles.find(([id]) => id.startsWith(rolePrefix))
  const statements: { Action: string | string[]; Resource: unknown }[] =
    found?.[1].Properties.Policies[0].PolicyDocument.Statement
  const counting = (resource: unknown) => JSON.stringify(resource).includes('"StorageCounters')
  const actions = statements
    .flatMap(({ Action, Resource }) =>
      [Action].flat().filter((action) => !(action === 'dynamodb:UpdateItem' && counting(Resource))),
    )
    .sort()
  return [...new Set(actions)]
}
