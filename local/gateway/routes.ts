import type { RouteModel } from '../template/index.ts'

/** A route that a request matched. */
export interface RouteMatch {
  readonly route: RouteModel
  /** Values of `{name}` and `{name+}`; absent where the route has none. */
  readonly pathParameters: Readonly<Record<string, string>> | undefined
}

interface Candidate {
  readonly route: RouteModel
  readonly method: string
  readonly segments: readonly string[]
}

/**
 * The routes of an HTTP API in API Gateway's order: whole paths before paths with `{name}`, these before `{name+}`, the longer
 * first, a method before ANY, and `$default` for the rest.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export class Router {
  readonly #exact = new Map<string, RouteModel>()
  readonly #patterns: readonly Candidate[]
  readonly #fallback: RouteModel | undefined

  constructor(routes: readonly RouteModel[]) {
    const patterns: Candidate[] = []
    for (const route of routes) {
      const [method = '', path = ''] = route.routeKey.split(' ')
      if (path.includes('{')) patterns.push({ route, method, segments: path.split('/').slice(1) })
      else this.#exact.set(route.routeKey, route)
    }
    this.#patterns = patterns.sort(bySpecificity)
    this.#fallback = routes.find((route) => route.routeKey === '$default')
  }

  /** @param path decoded, without the query string */
  match(method: string, path: string): RouteMatch | undefined {
    const exact = this.#exact.get(`${method} ${path}`) ?? this.#exact.get(`ANY ${path}`)
    if (exact !== undefined) return { route: exact, pathParameters: undefined }

    const segments = path.split('/').slice(1)
    for (const candidate of this.#patterns) {
      if (candidate.method !== method && candidate.method !== 'ANY') continue
      const pathParameters = matchSegments(candidate.segments, segments)
      if (pathParameters !== undefined) return { route: candidate.route, pathParameters }
    }
    return this.#fallback && { route: this.#fallback, pathParameters: undefined }
  }
}

function bySpecificity(a: Candidate, b: Candidate): number {
  return (
    Number(isGreedy(a)) - Number(isGreedy(b)) ||
    b.segments.length - a.segments.length ||
    countVariables(a) - countVariables(b) ||
    Number(a.method === 'ANY') - Number(b.method === 'ANY')
  )
}

function isGreedy({ segments }: Candidate): boolean {
  return segments.at(-1)?.endsWith('+}') ?? false
}

function countVariables({ segments }: Candidate): number {
  return segments.filter((segment) => segment.startsWith('{')).length
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index]
    if (segment === undefined) return undefined
    if (part.endsWith('+}')) {
      const rest = segments.slice(index).join('/')
      // a slash at the end is a rest that is empty; `/` alone has none
      if (rest === '' && index === 0) return undefined
      parameters[part.slice(1, -2)] = rest
      return parameters
    }
    if (part.startsWith('{')) {
      if (segment === '') return undefined
      parameters[part.slice(1, -1)] = segment
    } else if (part !== segment) return undefined
  }
  return pattern.length === segments.length ? parameters : undefined
}
