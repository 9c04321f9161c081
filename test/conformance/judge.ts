import { differ } from './differ.ts'
import type { Expectation, Step } from './group.ts'
import { isObject, type Json, parseExactly } from './json.ts'

/** An answer as it came. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/**
 * Tells why an answer is not what the original answered; undefined where it is.
 * @param step what was asked and how answers to it are compared
 * @param want the original's answer, times and captured values filled in
 */
export function judge({ compare }: Step, want: Expectation, got: Answer): string | undefined {
  if (!statusMatches(want.status, got.status)) {
    return `status: want ${want.status}, got ${got.status} ${got.text.slice(0, 160)}`
  }
  if (compare === 'status') return undefined
  if (compare === 'text') return got.text === want.text ? undefined : `want ${want.text}, got ${got.text.slice(0, 80)}`
  if (want.text === '') return got.text === '' ? undefined : `want an empty body, got ${got.text.slice(0, 80)}`
  const wantBody = tryParse(want.text)
  if (wantBody === undefined) return undefined // not JSON there: the status is what counts
  const gotBody = tryParse(got.text)
  if (gotBody === undefined) return `not JSON: ${got.text.slice(0, 80)}`
  return got.status >= 400
    ? judgeError(wantBody, gotBody, want.status, got.status, compare)
    : compareBodies(wantBody, gotBody, compare)
}

/** A server error of the original's is its fault: any plain 4xx is right. So is 404 where it says 501. */
function statusMatches(want: number, got: number): boolean {
  return want === got || (want === 500 && got >= 400 && got < 500) || (want === 501 && got === 404)
}

function tryParse(text: string): Json | undefined {
  try {
    return parseExactly(text)
  } catch {
    return undefined
  }
}

/** Of errors the words are free; that there are some, the code, and how many points failed are not. */
function judgeError(
  want: Json,
  got: Json,
  wantStatus: number,
  status: number,
  compare: string | undefined,
): string | undefined {
  if (isObject(want) && isObject(want.error) && want.error.code !== undefined) {
    const error = isObject(got) && isObject(got.error) ? got.error : {}
    if (error.code !== status) return `error.code: want ${status}, got ${error.code}`
    return typeof error.message === 'string' && error.message !== '' ? undefined : 'error.message says nothing'
  }
  if (isObject(want) && Array.isArray(want.errors) && !('failed' in want)) {
    return sameErrors(want.errors, isObject(got) ? got.errors : undefined, wantStatus)
  }
  if (isObject(want) && 'failed' in want) {
    const difference = differ({ success: want.success, failed: want.failed }, got)
    if (difference !== undefined || !Array.isArray(want.errors)) return difference
    const errors = isObject(got) && Array.isArray(got.errors) ? got.errors.length : 0
    return errors === want.errors.length ? undefined : `errors: want ${want.errors.length}, got ${errors}`
  }
  if (isObject(want) && typeof want.error === 'string') {
    const { error: _, ...others } = want
    const said = isObject(got) && typeof got.error === 'string' && got.error !== ''
    return said ? compareBodies(others, got, compare) : 'error says nothing'
  }
  return compareBodies(want, got, compare)
}

/** Words that KairosDB's libraries say, or it says of a fault of its own. */
const INTERNAL =
  /\b(java|com\.google|org\.kairosdb)\b|JsonReader|JSON (Object|Array)|For input string|GZIP|duplicate key/

/** KairosDB's own words are compared, in any order; those of its libraries are only counted. */
function sameErrors(want: readonly Json[], got: Json | undefined, wantStatus: number): string | undefined {
  const said = Array.isArray(got) ? got.filter((error) => typeof error === 'string' && error !== '') : []
  if (!Array.isArray(got) || got.length !== want.length || (wantStatus !== 500 && said.length !== got.length)) {
    return `errors: want ${JSON.stringify(want)}, got ${JSON.stringify(got)}`
  }
  if (wantStatus === 500 || want.some((error) => INTERNAL.test(String(error)))) return undefined
  const words = (errors: readonly Json[]) =>
    errors
      .map((error) => String(error).split('must be one of [')[0])
      .sort()
      .join(' | ')
  return words(want) === words(said) ? undefined : `errors: want ${words(want)}, got ${words(said)}`
}

type Comparison = (want: Json, got: Json) => string | undefined

function compareBodies(want: Json, got: Json, compare: string | undefined): string | undefined {
  return (COMPARISONS[compare ?? ''] ?? ((a: Json, b: Json) => differ(a, b)))(want, got)
}

const field = (value: Json, name: string): Json => (isObject(value) ? (value[name] ?? null) : null)
const list = (value: Json): Json[] => (Array.isArray(value) ? value : [])
const keys = (value: Json): string => (isObject(value) ? Object.keys(value).sort().join() : '')

function featureNames(features: Json, path: string): string[] {
  return list(features).flatMap((feature) => {
    const name = `${path}${field(feature, 'name')}`
    return [name, ...featureNames(field(feature, 'properties'), `${name}.`)]
  })
}
const count = (value: Json): number => (isObject(value) ? Object.keys(value).length : 0)

/** How answers are compared whose values no two servers share. */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  /** An object or a list, as there. */
  shape: (want, got) =>
    Array.isArray(want) === Array.isArray(got) && isObject(want) === isObject(got) ? undefined : 'another shape',
  /** A list with at least those elements. */
  set: (want, got) => {
    const missing = list(want).filter((element) => !list(got).includes(element))
    return missing.length > 0 ? `missing: ${missing}` : undefined
  },
  /** Objects with the same fields two levels down. */
  uids: (want, got) => {
    for (const key of Object.keys(isObject(want) ? want : {})) {
      const [w, g] = [keys(field(want, key)), keys(field(got, key))]
      if (w !== g) return `.${key}: want ${w}, got ${g}`
    }
    return undefined
  },
  /** An object of as many fields. */
  values: (want, got) => (count(want) === count(got) ? undefined : `want the keys ${keys(want)}, got ${keys(got)}`),
  /** Two series that a rule gives one leaf collide: which of them stays is chance. */
  leaves: (want, got) => {
    const leaves = (branch: Json) =>
      list(field(branch, 'leaves')).map((leaf) => ({ name: field(leaf, 'displayName'), metric: field(leaf, 'metric') }))
    return differ(leaves(want), leaves(got), '.leaves')
  },
  /** The branch that a tree test ends in; the words that explain it are free. */
  test: (want, got) => {
    const first = (value: Json) => (isObject(value) ? (Object.values(value)[0] ?? null) : null)
    const difference = differ(field(first(want), 'branch'), field(first(got), 'branch'), '.branch')
    if (difference !== undefined) return difference
    return list(field(first(got), 'messages')).length > 0 ? undefined : 'messages say nothing of the rules'
  },
  lookup: (want, got) => {
    const plain = (value: Json): Json => (isObject(value) ? { ...value, time: null, startIndex: null } : value)
    return differ(plain(want), plain(got))
  },
  /** A list of features, each with at least those properties. */
  features: (want, got) => {
    const have = new Set(featureNames(got, ''))
    const missing = featureNames(want, '').filter((name) => !have.has(name))
    return missing.length > 0 ? `missing: ${missing}` : undefined
  },
  'lookup-limit': (want, got) => {
    const [w, g] = [list(field(want, 'results')).length, list(field(got, 'results')).length]
    return w === g ? undefined : `results: want ${w}, got ${g}`
  },
}
