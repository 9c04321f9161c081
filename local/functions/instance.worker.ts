import { pathToFileURL } from 'node:url'
import { format } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import type { LogLevel } from '../log.ts'
import type { Call, FromInstance, InstanceSettings } from './protocol.ts'

/** One instance of a function: loads its bundle once, then handles one event after the other, as Lambda's own runtime does. */

type Handler = (event: unknown, context: unknown) => unknown

const settings: InstanceSettings = workerData
const say = (message: FromInstance) => parentPort?.postMessage(message)

const CONSOLE_LEVELS: readonly (readonly ['debug' | 'info' | 'log' | 'trace' | 'warn' | 'error', LogLevel])[] = [
  ['trace', 'debug'],
  ['debug', 'debug'],
  ['log', 'info'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
]
for (const [method, level] of CONSOLE_LEVELS) {
  console[method] = (...values: unknown[]) => say({ type: 'log', level, text: logText(values) })
}

/** Of the call that runs. */
let currentId: string | undefined

/** As Lambda's JSON log format has it: an object alone stays JSON, on one line, with the request's id. */
function logText(values: readonly unknown[]): string {
  const [first] = values
  const alone = values.length === 1 && typeof first === 'object' && first !== null && !(first instanceof Error)
  if (!alone) return format(...values)
  return JSON.stringify(currentId === undefined ? first : { requestId: currentId, ...first })
}

const handler = await loadHandler()
parentPort?.on('message', (call: Call) => void answer(call))
say({ type: 'ready' })

async function loadHandler(): Promise<Handler> {
  const module: Record<string, unknown> = await import(pathToFileURL(settings.modulePath).href)
  const found = module[settings.exportName]
  if (typeof found !== 'function') throw new Error(`${settings.modulePath} has no function ${settings.exportName}`)
  return (event, context) => found(event, context)
}

async function answer({ requestId, event, deadline }: Call): Promise<void> {
  currentId = requestId
  try {
    const result = await handler(event, contextOf(requestId, deadline))
    sayAnswer(result)
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(format(thrown))
    say({ type: 'error', name: error.name, message: error.message, stack: error.stack ?? error.message })
  }
}

/** Characters of a body from which on it is handed over as it is: as a string within JSON it would be written and read twice. */
const LONG_BODY = 2 ** 16

function sayAnswer(result: unknown): void {
  if (isResult(result) && typeof result.body === 'string' && result.body.length >= LONG_BODY) {
    const { body, ...rest } = result
    const bytes = new TextEncoder().encode(body)
    parentPort?.postMessage({ type: 'answer', payload: JSON.stringify(rest), body: bytes } satisfies FromInstance, [
      bytes.buffer,
    ])
  } else say({ type: 'answer', payload: JSON.stringify(result) ?? 'null' })
}

/** Whether it is what an HTTP API makes an answer of, with its body as text. */
function isResult(result: unknown): result is { readonly body?: unknown } {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) return false
  return !('isBase64Encoded' in result) || result.isBase64Encoded !== true
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf(awsRequestId: string, deadline: number): object {
  return {
    functionName: settings.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: settings.functionArn,
    memoryLimitInMB: String(settings.memoryMb),
    awsRequestId,
    logGroupName: `/aws/lambda/${settings.functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  }
}
