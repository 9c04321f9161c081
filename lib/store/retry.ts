import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailableError } from './errors.ts'

/** How long and how often a request is tried. */
export interface RetryPolicy {
  /** Milliseconds from the first attempt after which none is started. */
  readonly deadlineMs: number
  /** Milliseconds that the first pause is at most; each next one may be twice as long. @default 50 */
  readonly firstPauseMs?: number
  /** Milliseconds that any pause is at most. @default 2000 */
  readonly longestPauseMs?: number
}

/** Error names by which DynamoDB says: later, please. */
const THROTTLED = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'TransactionConflictException',
])

/** What Node and the SDK call a connection that could not be made, broke or took too long. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'TimeoutError',
  'RequestTimeout',
  'NetworkingError',
])

/** Whether the same request may succeed later: throttling, a failure on DynamoDB's side, or the network's. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (THROTTLED.has(error.name) || NETWORK.has(error.name)) return true
  if ('code' in error && typeof error.code === 'string' && NETWORK.has(error.code)) return true
  return statusOf(error) >= 500
}

function statusOf(error: Error): number {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return 0
  return Number(metadata.httpStatusCode)
}

/**
 * The pauses between attempts of one request: random up to a bound that doubles ("full jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so that clients that were throttled together
 * do not come back together.
 */
export class Backoff {
  readonly #operation: string
  readonly #policy: RetryPolicy
  readonly #startedAt = performance.now()
  #attempts = 1
  #bound: number

  /** @param operation what is being tried, for the error message */
  constructor(operation: string, policy: RetryPolicy) {
    this.#operation = operation
    this.#policy = policy
    this.#bound = policy.firstPauseMs ?? 50
  }

  /**
   * Pauses before the next attempt.
   * @param cause why the last one failed
   * @throws StoreUnavailableError where the deadline would have passed by then
   */
  async pause(cause: unknown): Promise<void> {
    const pauseMs = Math.random() * this.#bound
    const spentMs = performance.now() - this.#startedAt
    if (spentMs + pauseMs >= this.#policy.deadlineMs) {
      throw new StoreUnavailableError(this.#operation, this.#attempts, cause)
    }
    this.#attempts++
    this.#bound = Math.min(this.#bound * 2, this.#policy.longestPauseMs ?? 2000)
    await sleep(pauseMs)
  }
}
