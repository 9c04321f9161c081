import { Agent, type IncomingMessage, request } from 'node:http'
import { RunnerError } from '../errors.ts'
import { LOCAL_REGION } from '../template/resources.ts'

/** When an emulator refuses a call: `type` is AWS's name of the error, such as ResourceNotFoundException. */
export class EmulatorError extends RunnerError {
  readonly type: string

  constructor(operation: string, type: string, message: string) {
    // Validation messages repeat what was sent.
    super(`${operation}: ${type}: ${message.slice(0, 500)}`)
    this.type = type
  }
}

/** AWS's JSON protocol of the two services. */
const SERVICES = {
  dynamo: { target: 'DynamoDB_20120810', contentType: 'application/x-amz-json-1.0' },
  kinesis: { target: 'Kinesis_20131202', contentType: 'application/x-amz-json-1.1' },
} as const

/**
 * Calls an emulator in AWS's JSON protocol. The runner polls all the time, and the SDK would take most of what an idle server
 * uses; the emulators look at the shape of a signature and not at the signature.
 */
export class EmulatorClient {
  readonly #endpoint: URL
  readonly #service: (typeof SERVICES)[keyof typeof SERVICES]
  readonly #authorization: string
  readonly #agent = new Agent({ keepAlive: true })

  /** @param accessKeyId who calls; the runner itself, which may do everything, where absent */
  constructor(service: keyof typeof SERVICES, endpoint: string, accessKeyId = 'runner') {
    this.#authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20000101/${LOCAL_REGION}/${service}/aws4_request, SignedHeaders=host, Signature=local`
    this.#service = SERVICES[service]
    this.#endpoint = new URL(endpoint)
  }

  /**
   * @param operation AWS's name, `GetRecords`
   * @param input its parameters
   * @returns what AWS's reference says the operation answers; the type is the caller's word for it
   * @throws EmulatorError where the emulator refuses
   */
  async call<Output>(operation: string, input: object): Promise<Output> {
    const { status, text } = await this.#send(operation, JSON.stringify(input))
    const body = text === '' ? {} : JSON.parse(text)
    if (status === 200) return body
    const type = String(body.__type ?? status).replace(/^.*#/, '')
    throw new EmulatorError(operation, type, String(body.message ?? body.Message ?? ''))
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(operation: string, body: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: this.#endpoint.hostname,
          port: this.#endpoint.port,
          method: 'POST',
          agent: this.#agent,
          headers: {
            'content-type': this.#service.contentType,
            'content-length': Buffer.byteLength(body),
            'x-amz-target': `${this.#service.target}.${operation}`,
            'x-amz-date': '20000101T000000Z',
            authorization: this.#authorization,
          },
        },
        (response: IncomingMessage) => {
          const pieces: Buffer[] = []
          response.on('data', (piece: Buffer) => pieces.push(piece))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }),
          )
          response.on('error', reject)
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }
}
