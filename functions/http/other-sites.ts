import type { Need } from '../../lib/access/scopes.ts'
import { OtherSiteError } from './errors.ts'

type Headers = Readonly<Record<string, string | undefined>>

/** What is looked at of a request. */
interface Asked {
  readonly method: string
  /** Names in lower case. */
  readonly headers: Headers
  readonly needs: readonly Need[]
}

/**
 * Refuses what a browser asks for a page of another site, unless the deployment lets that site's pages in. A browser sends what it
 * remembers of a password along whoever makes it ask, and reaches a server on the same machine that nobody else does; CORS keeps answers
 * from such a page, but not the request from us. Browsers say of each request where it comes from
 * (https://www.w3.org/TR/fetch-metadata/), which no page can change; other clients say nothing.
 *
 * Who follows a link from there to something that only reads is let through: the page does not see it.
 * @param origins whose pages are let in; `*`: all
 * @throws OtherSiteError
 */
export function refuseOtherSites({ method, headers, needs }: Asked, origins: readonly string[]): void {
  const site = headers['sec-fetch-site']
  if (site !== 'cross-site' && site !== 'same-site') return
  if (origins.includes('*') || origins.includes(originOf(headers) ?? '')) return
  const isLink = method === 'GET' && headers['sec-fetch-mode'] === 'navigate'
  if (isLink && needs.every(({ does, scope }) => does !== 'writes' && scope !== 'admin')) return
  throw new OtherSiteError()
}

/** The page's origin. A script that a page includes, as with `jsonp`, is asked for without it, but with where the page is. */
function originOf({ origin, referer }: Headers): string | undefined {
  if (origin !== undefined) return origin
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined
}
