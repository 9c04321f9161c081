import type { HttpAnswer, HttpRequest } from '../http/index.ts'

/** What answers a request. */
export type Run = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>

/** What answers a path, by method in upper case; a method that is not there is answered with 405. */
export type Route = Readonly<Record<string, Run | undefined>>

/** The routes of an area: each with its path as clients send it, without a version and without a slash at the end. */
export type Routes = readonly (readonly [path: string, route: Route])[]

/** Answers with JSON. */
export function json(value: unknown): HttpAnswer {
  return { status: 200, body: JSON.stringify(value) }
}

/** Answers with plain text. */
export function text(body: string): HttpAnswer {
  return { status: 200, headers: { 'content-type': 'text/plain; charset=UTF-8' }, body }
}

/** Most endpoints that only tell something take GET and POST alike. */
export function telling(run: Run): Route {
  return { GET: run, POST: run }
}
