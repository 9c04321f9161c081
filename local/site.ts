import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { buildWeb, UNCHANGING, type WebFiles } from '../web/build.ts'
import { CACHE_NOT, CACHE_UNCHANGING, CONTENT_SECURITY_POLICY } from '../web/headers.ts'

const pack = promisify(gzip)

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

interface SiteFile {
  readonly plain: Buffer
  readonly packed: Buffer
}

/**
 * The browser UI, in the place of the cloud's CloudFront and bucket: the same files at the same paths with the same headers. It is
 * built when somebody first looks, so that a start does not wait for it.
 */
export class Site {
  #files: Promise<ReadonlyMap<string, SiteFile>> | undefined

  /** Whether a request is for the UI: those paths of infra/web.ts that do not lead to the API. */
  takes({ method, url = '/' }: IncomingMessage): boolean {
    const path = pathOf(url)
    const isFile = path === 'index.html' || path === 'favicon.svg' || path.startsWith(UNCHANGING)
    return (method === 'GET' || method === 'HEAD') && isFile
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#files ??= buildWeb().then(packAll)
    const path = pathOf(request.url ?? '/')
    const file = (await this.#files).get(path)
    if (file === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('Not found\n')
      return
    }
    const isPacked = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
    const body = isPacked ? file.packed : file.plain
    response.writeHead(200, {
      'content-type': TYPES[path.slice(path.lastIndexOf('.') + 1)],
      'content-length': body.length,
      ...(isPacked && { 'content-encoding': 'gzip' }),
      vary: 'accept-encoding',
      'cache-control': path.startsWith(UNCHANGING) ? CACHE_UNCHANGING : CACHE_NOT,
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}

function pathOf(url: string): string {
  const at = url.indexOf('?')
  const path = (at < 0 ? url : url.slice(0, at)).slice(1)
  return path === '' ? 'index.html' : path
}

async function packAll(files: WebFiles): Promise<ReadonlyMap<string, SiteFile>> {
  const entries = [...files].map(
    async ([path, plain]): Promise<[string, SiteFile]> => [path, { plain, packed: await pack(plain) }],
  )
  return new Map(await Promise.all(entries))
}
