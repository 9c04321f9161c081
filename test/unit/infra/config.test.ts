import { App } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import { CONTEXT_KEYS, readConfig, type StackConfig } from '../../../infra/config.ts'
import { InvalidContextError, UnknownContextError } from '../../../infra/errors.ts'

const read = (context: Readonly<Record<string, unknown>>): StackConfig => readConfig(new App({ context }).node)
const CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/12ab-34cd'

test('without context, everything has its documented default', () => {
  expect(read({})).toEqual({
    name: 'tsdb',
    uidWidth: { metric: 3, tagk: 3, tagv: 4 },
    saltBuckets: 1,
    shelves: 4,
    warmWriteUnits: undefined,
    shards: undefined,
    batchWindow: 5,
    syncTimeout: 20,
    streamRetentionHours: 168,
    blockRetentionDays: 14,
    rejectRetentionDays: 30,
    logRetentionDays: 30,
    logLevel: 'warn',
    metrics: true,
    tracing: false,
    alarmTopic: undefined,
    canary: undefined,
    allowDelete: false,
    mode: 'rw',
    authorizer: { kind: 'tokens' },
    limits: {},
    deviceTopic: 'tsdb/#',
    deviceMapping: undefined,
    plugins: [],
    throttle: { rate: 1000, burst: 2000 },
    corsOrigins: [],
    domain: undefined,
    web: true,
    webDomain: undefined,
  })
})

describe('a value is read', () => {
  test.each<[string, Readonly<Record<string, unknown>>, Partial<StackConfig>]>([
    ['as text, as -c gives it', { shelves: '16' }, { shelves: 16 }],
    ['as a number, as cdk.json may give it', { shelves: 16 }, { shelves: 16 }],
    ['as absent where it is empty', { shelves: '' }, { shelves: 4 }],
    ['as absent where it is null', { shelves: null }, { shelves: 4 }],
    ['as three widths', { uidWidth: '4,3,3' }, { uidWidth: { metric: 4, tagk: 3, tagv: 3 } }],
    [
      'as widths by kind, the rest by default',
      { uidWidth: { tagv: 3 } },
      { uidWidth: { metric: 3, tagk: 3, tagv: 3 } },
    ],
    ['as JSON text', { limits: '{"tags":16}' }, { limits: { tags: 16 } }],
    ['as an object', { limits: { tags: 16 } }, { limits: { tags: 16 } }],
    ['as one of CloudWatch’s choices', { logRetentionDays: '365' }, { logRetentionDays: 365 }],
    ['as a topic filter with wildcards', { deviceTopic: 'plant/+/meter/#' }, { deviceTopic: 'plant/+/meter/#' }],
    [
      'as a device mapping, kept as JSON',
      { deviceMapping: [{ topic: 'a/#' }] },
      { deviceMapping: '[{"topic":"a/#"}]' },
    ],
    [
      'as a domain with its certificate',
      { domain: 'tsdb.example.com', certificateArn: CERTIFICATE },
      { domain: { name: 'tsdb.example.com', certificateArn: CERTIFICATE } },
    ],
    [
      'as a domain of the UI with its certificate, where CloudFront looks for it',
      { webDomain: 'graphs.example.com', webCertificateArn: CERTIFICATE.replace('eu-central-1', 'us-east-1') },
      {
        webDomain: {
          name: 'graphs.example.com',
          certificateArn: CERTIFICATE.replace('eu-central-1', 'us-east-1'),
        },
      },
    ],
    ['as a UI that is left out', { web: 'false' }, { web: false, webDomain: undefined }],
    ['as a UI that is left out where requests are signed', { authorizer: 'iam' }, { web: false }],
  ])('%s', (_, context, expected) => {
    expect(read(context)).toMatchObject(expected)
  })
})

describe('a value that breaks its rule is turned down, naming the key, the value and the rule:', () => {
  test.each<[Readonly<Record<string, unknown>>, string]>([
    [{ mode: 'readonly' }, 'Context value mode=readonly must be one of rw, ro, wo'],
    [{ authorizer: 'none' }, 'Context value authorizer=none must be one of tokens, iam, jwt'],
    [{ authorizer: 'jwt' }, 'Context value jwtIssuer=undefined must be given with authorizer=jwt'],
    [
      { authorizer: 'jwt', jwtIssuer: 'https://id.example.com' },
      'Context value jwtAudience=undefined must be given with authorizer=jwt',
    ],
    [
      { authorizer: 'jwt', jwtIssuer: 'http://id.example.com', jwtAudience: 'a' },
      'Context value jwtIssuer=http://id.example.com must be the https:// address that tokens name as their issuer',
    ],
    [{ jwtAudience: 'a' }, 'Context value jwtAudience=a must be given with authorizer=jwt alone'],
    [
      { name: 'Tsdb' },
      'Context value name=Tsdb must be 3 to 40 lower-case letters, digits and hyphens, a letter first',
    ],
    [
      { uidWidth: '3,3' },
      'Context value uidWidth=3,3 must be 3 or 4 bytes for each of metric, tagk and tagv, as in 3,3,4',
    ],
    [{ uidWidth: '3,3,5' }, 'Context value uidWidth=3,3,5 must be 3 or 4 bytes'],
    [{ uidWidth: { tagx: 3 } }, 'Context value uidWidth={"tagx":3} must be 3 or 4 bytes'],
    [{ saltBuckets: '0' }, 'Context value saltBuckets=0 must be a whole number from 1 to 240'],
    [{ shelves: '65537' }, 'Context value shelves=65537 must be a whole number from 1 to 65536'],
    [{ shelves: '1.5' }, 'Context value shelves=1.5 must be a whole number'],
    [{ shelves: 1.5 }, 'Context value shelves=1.5 must be a whole number'],
    [{ warmWriteUnits: 100 }, 'Context value warmWriteUnits=100 must be a whole number from 4000 to 1000000'],
    [{ shards: '-1' }, 'Context value shards=-1 must be a whole number from 1 to 500'],
    [{ batchWindow: '0.2' }, 'Context value batchWindow=0.2 must be a whole number from 0 to 300'],
    [{ syncTimeout: '30' }, 'Context value syncTimeout=30 must be a whole number from 1 to 26'],
    [{ streamRetentionHours: '1' }, 'Context value streamRetentionHours=1 must be a whole number from 24 to 8760'],
    [{ blockRetentionDays: 'never' }, 'Context value blockRetentionDays=never must be a whole number from 0 to 3650'],
    [{ blockRetentionDays: '2' }, 'Context value blockRetentionDays=2 must be 0, or at least 3'],
    [{ rejectRetentionDays: '0' }, 'Context value rejectRetentionDays=0 must be a whole number from 1 to 3650'],
    [{ logRetentionDays: '10' }, 'Context value logRetentionDays=10 must be one of 1, 3, 5, 7, 14, 30,'],
    [{ logLevel: 'loud' }, 'Context value logLevel=loud must be one of debug, info, warn, error'],
    [{ metrics: 'yes' }, 'Context value metrics=yes must be one of true, false'],
    [{ tracing: 'active' }, 'Context value tracing=active must be one of true, false'],
    [{ alarmTopic: 'on-call' }, "Context value alarmTopic=on-call must be an SNS topic's ARN"],
    [{ canary: '5' }, 'Context value canary=5 must be one of 10, 15, 30'],
    [{ limits: '{' }, 'Context value limits={ must be a JSON object'],
    [{ limits: '[1]' }, 'Context value limits=[1] must be a JSON object'],
    [{ limits: { depth: 3 } }, 'Context value limits={"depth":3} must be an object of bodyBytes,'],
    [{ limits: { tags: 101 } }, 'must be an object in which tags is at most 100'],
    [{ limits: { tags: '8' } }, 'must be an object of whole numbers above 0; tags is "8"'],
    [{ deviceTopic: 'a/#/b' }, 'Context value deviceTopic=a/#/b must be an MQTT topic filter of at most 8 levels'],
    [{ deviceTopic: 'a/b+' }, 'Context value deviceTopic=a/b+ must be an MQTT topic filter'],
    [{ deviceTopic: "a' OR '" }, "Context value deviceTopic=a' OR ' must be an MQTT topic filter"],
    [{ deviceTopic: '$aws/#' }, 'Context value deviceTopic=$aws/# must be an MQTT topic filter'],
    [{ deviceTopic: '1/2/3/4/5/6/7/8/9' }, 'must be an MQTT topic filter of at most 8 levels'],
    [{ deviceMapping: '{"x":1}' }, 'Context value deviceMapping={"x":1} must be as docs/devices.md says'],
    [{ requestRate: '0' }, 'Context value requestRate=0 must be a whole number from 1 to 100000'],
    [{ requestBurst: 'many' }, 'Context value requestBurst=many must be a whole number from 1 to 50000'],
    [{ corsOrigins: 'grafana.example.com' }, 'Context value corsOrigins=grafana.example.com must be * or origins'],
    [{ corsOrigins: '*,https://a.example' }, 'Context value corsOrigins=*,https://a.example must be * or origins'],
    [{ domain: 'https://tsdb.example.com' }, 'Context value domain=https://tsdb.example.com must be a host name'],
    [
      { domain: 'tsdb.example.com' },
      'Context value domain=tsdb.example.com must be given together with certificateArn',
    ],
    [
      { webDomain: 'graphs.example.com', webCertificateArn: CERTIFICATE },
      `Context value webCertificateArn=${CERTIFICATE} must be an ACM certificate's ARN in us-east-1`,
    ],
    [
      { webDomain: 'graphs.example.com' },
      'Context value webDomain=graphs.example.com must be given together with webCertificateArn',
    ],
    [
      { web: 'false', webDomain: 'graphs.example.com' },
      'Context value webDomain=graphs.example.com must be given where the browser UI is deployed',
    ],
    [
      { web: 'true', authorizer: 'iam' },
      "Context value web=true must be false with authorizer=iam: a browser can't sign requests",
    ],
    [{ certificateArn: CERTIFICATE }, `Context value certificateArn=${CERTIFICATE} must be given together with domain`],
    [
      { domain: 'tsdb.example.com', certificateArn: 'arn' },
      "Context value certificateArn=arn must be an ACM certificate's ARN",
    ],
  ])('%o', (context, words) => {
    expect(() => read(context)).toThrow(InvalidContextError)
    expect(() => read(context)).toThrow(words)
  })
})

test('a key that is not known is turned down, with those that are', () => {
  expect(() => read({ shelfs: '8' })).toThrow(UnknownContextError)
  expect(() => read({ shelfs: '8' })).toThrow(`Context value shelfs is not known; there are ${CONTEXT_KEYS.join(', ')}`)
})

test("keys of the CDK's own are none of ours", () => {
  expect(read({ '@aws-cdk/core:x': true, 'aws:cdk:y': [], 'acknowledged-issue-numbers': [1] }).name).toBe('tsdb')
})
