import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { ENTRIES } from '../../../infra/bundle.ts'
import { byDefault, synthesise } from './template.ts'

describe('alarms', () => {
  test('watch every way in which points are late, lost or refused', () => {
    const ids = Object.keys(byDefault.template.findResources('AWS::CloudWatch::Alarm')).map((id) =>
      id.replace(/^Observe|[0-9A-F]{8}$/g, ''),
    )
    expect(ids.sort()).toEqual([
      'Errors',
      'FailedBatches',
      'FailedDevices',
      'Failing',
      'FunctionThrottles',
      'Lag',
      'Readable',
      'Rejects',
      'SealLag',
      'StreamThrottles',
      'TableThrottles',
      'Trees',
      'Uids',
      'Unsealed',
    ])
  })

  test('that add metrics up have no more of them than an alarm takes', () => {
    for (const { Properties } of Object.values(byDefault.template.findResources('AWS::CloudWatch::Alarm'))) {
      expect(Properties.Metrics?.length ?? 1).toBeLessThanOrEqual(11)
    }
  })

  test('alarmTopic: where they are sent', () => {
    const topic = 'arn:aws:sns:eu-central-1:123456789012:on-call'
    const { template } = synthesise({ alarmTopic: topic })
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [topic] })
    byDefault.template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: Match.absent() })
  })
})

test('a dashboard with the stack’s name shows each function', () => {
  const { template } = synthesise({ name: 'other' })
  template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'other' })
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'))
  const text = JSON.stringify(dashboard).replaceAll('\\', '')
  expect(ENTRIES.filter((entry) => !text.includes(`"label":"${entry}"`))).toEqual([])
})

test('metrics: turned off, no function publishes any', () => {
  const disabled = (flag: unknown) => ({
    Environment: { Variables: Match.objectLike({ POWERTOOLS_METRICS_DISABLED: flag }) },
  })
  synthesise({ metrics: 'false' }).template.allResourcesProperties('AWS::Lambda::Function', disabled('true'))
  byDefault.template.allResourcesProperties('AWS::Lambda::Function', disabled(Match.absent()))
})

test('tracing: X-Ray traces every function, and none without', () => {
  const traced = { TracingConfig: { Mode: 'Active' } }
  synthesise({ tracing: 'true' }).template.allResourcesProperties('AWS::Lambda::Function', traced)
  byDefault.template.allResourcesProperties('AWS::Lambda::Function', { TracingConfig: Match.absent() })
})

describe('canary', () => {
  const { template } = synthesise({ canary: '10' })

  test('shifts the calls of every function to a new version little by little, and back when an alarm goes off', () => {
    const groups = Object.values(template.findResources('AWS::CodeDeploy::DeploymentGroup'))
    expect(groups).toHaveLength(ENTRIES.length)
    for (const { Properties } of groups) {
      expect(Properties.DeploymentConfigName).toBe('CodeDeployDefault.LambdaCanary10Percent10Minutes')
      expect(Properties.AlarmConfiguration.Enabled).toBe(true)
      expect(Properties.AutoRollbackConfiguration.Events).toContain('DEPLOYMENT_STOP_ON_ALARM')
    }
    const alarmsEach = groups.map(({ Properties }) => Properties.AlarmConfiguration.Alarms.length).sort()
    // seal and trees, which nobody waits for, have one
    expect(alarmsEach.filter((count) => count === 1)).toHaveLength(2)
    expect(alarmsEach.filter((count) => count === 2)).toHaveLength(ENTRIES.length - 2)
  })

  test('has the stream, the schedules and the API call the aliases', () => {
    const alias = { Ref: Match.stringLikeRegexp('Aliaslive') }
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: Match.not(Match.objectLike({ Ref: Match.stringLikeRegexp('^IngestConsumeFunction[0-9A-F]{8}$') })),
    })
    template.allResourcesProperties('AWS::Events::Rule', { Targets: [Match.objectLike({ Arn: alias })] })
    template.allResourcesProperties('AWS::ApiGatewayV2::Integration', { IntegrationUri: alias })
  })

  test('without it there are neither aliases nor deployments', () => {
    byDefault.template.resourceCountIs('AWS::Lambda::Alias', 0)
    byDefault.template.resourceCountIs('AWS::CodeDeploy::DeploymentGroup', 0)
  })
})
