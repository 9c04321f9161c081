import { signal } from '@preact/signals'

/** The API said no, or could not be asked. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP's; 0 where there was no answer. */
  readonly status: number
  /** The server's own advice. */
  readonly details: string | undefined

  constructor(status: number, message: string, details?: string) {
    super(message)
    this.status = status
    this.details = details
  }
}

const TOKEN_KEY = 'tsdb.token'

/** What the API said when it turned a request down for its token, or the lack of one; a sign-in takes it away. */
export const refusal = signal<string | undefined>(undefined)
/** Whether a token is held. */
export const signedIn = signal(sessionStorage.getItem(TOKEN_KEY) !== null)
/** Counts sign-ins, so that what failed is asked again. */
export const signIns = signal(0)

/** Keeps a token until the browser's tab is closed. */
export function signIn(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token)
  signedIn.value = true
  refusal.value = undefined
  signIns.value++
}

export function signOut(): void {
  sessionStorage.removeItem(TOKEN_KEY)
  signedIn.value = false
  signIns.value++
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly query?: Readonly<Record<string, string | number>>
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/**
 * Asks the API, on the page's own origin.
 * @param path below `/api/`
 * @returns the answer's JSON, undefined where it has no body. The caller says what shape it has: the page and the API come from one
 * deployment
 * @throws ApiError, and what the signal says where it breaks off
 */
export async function ask<T>(path: string, { method, query, body, signal: stop }: Call = {}): Promise<T> {
  const parameters = new URLSearchParams(Object.entries(query ?? {}).map(([name, value]) => [name, String(value)]))
  const url = `api/${path}${parameters.size > 0 ? `?${parameters}` : ''}`
  const token = sessionStorage.getItem(TOKEN_KEY)
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(stop !== undefined && { signal: stop }),
    cache: 'no-store',
    credentials: 'omit',
  }).catch((cause: unknown) => {
    if (stop?.aborted) throw cause
    throw new ApiError(
      0,
      'The server can’t be reached',
      'It may be restarting, or this machine is offline. It is tried again by itself.',
    )
  })
  if (!response.ok) throw await errorOf(response, token)
  const text = await response.text()
  return text === '' ? (undefined as T) : JSON.parse(text)
}

async function errorOf(response: Response, token: string | null): Promise<ApiError> {
  const { status } = response
  const text = await response.text().catch(() => '')
  const { message, details } = wordsOf(text)
  const error = new ApiError(status, message ?? fallback(status), details ?? advice(status))
  // What was asked before a sign-in says nothing of the token since.
  if (status === 401 && token === sessionStorage.getItem(TOKEN_KEY)) refusal.value = error.message
  return error
}

/** OpenTSDB's errors are `{"error": {...}}`, those of the gateway `{"message": ...}`. */
function wordsOf(text: string): { message?: string; details?: string } {
  try {
    const parsed = JSON.parse(text)
    return parsed.error ?? { message: parsed.message }
  } catch {
    return {}
  }
}

function fallback(status: number): string {
  return `The server answered ${status}`
}

function advice(status: number): string | undefined {
  if (status === 403) return 'Your token may not do that. Sign out, and in again with one that may.'
  if (status === 503) return 'It is busy or starting. Ask again in a moment.'
  if (status === 413) return 'Ask for a shorter range, fewer series, or a longer interval.'
  return undefined
}
