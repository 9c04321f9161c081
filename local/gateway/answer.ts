/** What goes back to the client. */
export interface GatewayAnswer {
  readonly status: number
  /** Names and values in turn; a name may come several times. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | Buffer
}

/** Lambda's limit on an event and on an answer, in bytes of JSON: 6 MB and some room. */
export const LAMBDA_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100

/** The gateway's own answers, word for word. */
export const GATEWAY_ANSWERS = {
  badRequest: ownAnswer(400, 'Bad Request'),
  unauthorized: ownAnswer(401, 'Unauthorized'),
  forbidden: ownAnswer(403, 'Forbidden'),
  /** Of `npm start` alone: see isOwnName. */
  otherHost: ownAnswer(403, 'Forbidden: ask for localhost, or start with --auth to be called by this name'),
  notFound: ownAnswer(404, 'Not Found'),
  tooLarge: ownAnswer(413, 'Request Entity Too Large'),
  headTooLarge: ownAnswer(431, 'Request Header Fields Too Large'),
  internalError: ownAnswer(500, 'Internal Server Error'),
  unavailable: ownAnswer(503, 'Service Unavailable', [['retry-after', '1']]),
} as const

/** @param more headers that the cloud's gateway lacks, for clients that know what to do with them */
function ownAnswer(status: number, message: string, more: GatewayAnswer['headers'] = []): GatewayAnswer {
  return { status, headers: [['content-type', 'application/json'], ...more], body: JSON.stringify({ message }) }
}

/**
 * Makes an HTTP answer of what a function returned.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.response
 * @param payload the return value as JSON
 * @param long its body in UTF-8, where that is not in the payload
 * @returns the gateway's 500 where the value has a status and is not of the documented shape, or is larger than Lambda allows
 */
export function answerOf(payload: string, long?: Uint8Array): GatewayAnswer {
  if (payload.length > LAMBDA_PAYLOAD_BYTES || Buffer.byteLength(payload) > LAMBDA_PAYLOAD_BYTES) {
    return GATEWAY_ANSWERS.internalError
  }
  if (long !== undefined && Buffer.byteLength(payload) + bytesInJson(long) > LAMBDA_PAYLOAD_BYTES) {
    return GATEWAY_ANSWERS.internalError
  }
  const result: unknown = JSON.parse(payload)
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    return { status: 200, headers: [['content-type', 'application/json']], body: payload }
  }
  const fields = new Map<string, unknown>(Object.entries(result))
  const status = Number(fields.get('statusCode'))
  const body =
    long === undefined ? (fields.get('body') ?? '') : Buffer.from(long.buffer, long.byteOffset, long.byteLength)
  const headers = headersOf(fields.get('headers'), fields.get('cookies'))
  const hasBody = typeof body === 'string' || body instanceof Buffer
  if (!Number.isInteger(status) || status < 200 || status > 599 || !hasBody || headers === undefined) {
    return GATEWAY_ANSWERS.internalError
  }
  if (body !== '' && !headers.some(([name]) => name === 'content-type')) {
    headers.push(['content-type', 'text/plain;charset=UTF-8'])
  }
  const isPacked = typeof body === 'string' && fields.get('isBase64Encoded') === true
  return { status, headers, body: isPacked ? Buffer.from(body, 'base64') : body }
}

/** What escaping makes of a byte at most: `\u0000`. */
const ESCAPE_BYTES = 6

const BYTES_IN_JSON = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code < 0x20) return '\b\t\n\f\r'.includes(String.fromCharCode(code)) ? 2 : ESCAPE_BYTES
  return code === 0x22 || code === 0x5c ? 2 : 1
})

/** Bytes that a text as the field `body` adds to the JSON of an object; counted only where they can matter. */
function bytesInJson(text: Uint8Array): number {
  if (text.length * ESCAPE_BYTES < LAMBDA_PAYLOAD_BYTES / 2) return text.length
  let bytes = ',"body":""'.length
  for (const byte of text) bytes += BYTES_IN_JSON[byte]!
  return bytes
}

/** Headers that speak of the connection or the length are the gateway's own. */
const NOT_THE_FUNCTIONS = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'])

function headersOf(headers: unknown, cookies: unknown): [string, string][] | undefined {
  const pairs: [string, string][] = []
  for (const [name, value] of entries(headers)) {
    if (!['string', 'number', 'boolean'].includes(typeof value)) return undefined
    const lower = name.toLowerCase()
    if (!NOT_THE_FUNCTIONS.has(lower)) pairs.push([lower, String(value)])
  }
  if (cookies !== undefined) {
    if (!Array.isArray(cookies)) return undefined
    for (const cookie of cookies) pairs.push(['set-cookie', String(cookie)])
  }
  return pairs
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}
