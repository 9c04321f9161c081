import { principalOf } from '../iam/principal.ts'
import type { FunctionModel } from '../template/index.ts'
import { LOCAL_REGION } from '../template/resources.ts'

/** Where the emulators listen. */
export interface Endpoints {
  readonly dynamo: string
  readonly kinesis: string
}

/**
 * The whole environment of a function: what the template says and what Lambda adds. The endpoints are read by the AWS SDK
 * itself (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html), so that no handler knows where it runs.
 */
export function functionEnvironment(model: FunctionModel, endpoints: Endpoints): Record<string, string> {
  return {
    ...model.environment,
    // By which the emulators know whose role a request is held to.
    AWS_ACCESS_KEY_ID: principalOf(model).accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_DEFAULT_REGION: LOCAL_REGION,
    AWS_REGION: LOCAL_REGION,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamo,
    AWS_ENDPOINT_URL_KINESIS: endpoints.kinesis,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(model.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: model.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    // The SDK would otherwise say in every thread that it prefers a newer Node than this machine's.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    LAMBDA_TASK_ROOT: model.codeDir,
    // There is no CloudWatch here that would read them off the output.
    POWERTOOLS_METRICS_DISABLED: 'true',
    TZ: 'UTC',
    _HANDLER: model.handler,
  }
}
