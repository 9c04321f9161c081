import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, buildSync, type OutputFile } from 'esbuild'

const WEB = fileURLToPath(new URL('.', import.meta.url))

/** A file of the UI by its path in the site. */
export type WebFiles = ReadonlyMap<string, Buffer>

/** What lies below this has a hash of its content in its name, and never changes. */
export const UNCHANGING = 'assets/'

const OPTIONS = {
  absWorkingDir: WEB,
  entryPoints: ['src/main.tsx'],
  outdir: 'assets',
  write: false,
  bundle: true,
  minify: true,
  format: 'esm',
  // What knows color-mix and nesting of today: all browsers since the spring of 2023.
  target: ['chrome111', 'firefox115', 'safari16.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions

/**
 * Builds the browser UI: one script, one style sheet, the page that names them and its icon.
 * @throws esbuild's BuildFailure, its messages already on stderr
 */
export async function buildWeb(): Promise<WebFiles> {
  return filesOf((await build(OPTIONS)).outputFiles)
}

/** The same for who can't wait. */
export function buildWebSync(): WebFiles {
  return filesOf(buildSync(OPTIONS).outputFiles)
}

/** Writes files below a folder. */
export function writeWeb(files: WebFiles, folder: string): void {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

function filesOf(outputFiles: readonly OutputFile[]): WebFiles {
  const files = new Map<string, Buffer>()
  let page = readFileSync(join(WEB, 'index.html'), 'utf8')
  for (const { path, contents } of outputFiles) {
    const ending = path.endsWith('.css') ? 'css' : 'js'
    const hash = createHash('sha256').update(contents).digest('hex').slice(0, 10)
    const name = `${UNCHANGING}app-${hash}.${ending}`
    files.set(name, Buffer.from(contents))
    page = page.replace(`{{${ending}}}`, name)
  }
  files.set('index.html', Buffer.from(page))
  files.set('favicon.svg', readFileSync(join(WEB, 'favicon.svg')))
  return files
}
