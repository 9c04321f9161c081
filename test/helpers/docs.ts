import { readFileSync } from 'node:fs'
import { fromHex } from './hex.ts'

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')

/**
 * The bytes of a worked example in docs/: a fenced block of hex under the line `Example: NAME`, where everything from
 * `|` to the end of a line is explanation.
 */
export function documentedBytes(path: string, name: string): Uint8Array {
  const text = read(path)
  const found = new RegExp(`^Example: ${name}\n+\`\`\`hex\n([^\`]*)\`\`\``, 'm').exec(text)
  if (found?.[1] === undefined) throw new Error(`docs/${path} has no example ${name}`)
  return fromHex(found[1].replace(/\|.*$/gm, ''))
}

/** A call of the API as a page shows it. */
export interface DocumentedCall {
  readonly method: string
  /** With the query string. */
  readonly path: string
  readonly body: string | undefined
  /** What the page says comes back: a body, or a status alone where the call asks for `%{http_code}`. */
  readonly answer: string
}

/**
 * The calls of a page under docs/, in order: in fenced blocks, `curl [-X METHOD] 'localhost:4242/...' [-d 'BODY']` and the
 * lines that come back, up to an empty line. A line that ends in a backslash goes on in the next.
 */
export function documentedCalls(path: string): DocumentedCall[] {
  const text = read(path)
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block.replace(/\\\n\s*/g, ''))
  return blocks
    .flatMap((block) => block.split(/\n\s*\n|\n(?=curl )/))
    .filter((part) => part.startsWith('curl '))
    .map((part) => {
      const [command = '', ...answer] = part.trim().split('\n')
      const option = (name: string) => new RegExp(` -${name} (?:'([^']*)'|(\\S+))`).exec(command)
      const [, url = ''] = /'?localhost:4242(\/[^' ]*)/.exec(command) ?? []
      const [, body] = option('d') ?? []
      const [, , method = body === undefined ? 'GET' : 'POST'] = option('X') ?? []
      return { method, path: url, body, answer: answer.join('\n') }
    })
}

/**
 * Makes the calls of a page, one after the other.
 * @param url where a server is
 * @returns what came back, in the form in which the page shows it
 */
export async function makeCalls(url: string, calls: readonly DocumentedCall[]): Promise<string[]> {
  const answers: string[] = []
  for (const { method, path, body, answer } of calls) {
    const response = await fetch(url + path, { method, ...(body !== undefined && { body }) })
    const text = await response.text()
    answers.push(/^\d{3}$/.test(answer) ? String(response.status) : text.trim())
  }
  return answers
}

/** A question in docs/ and what is answered to it. */
export interface DocumentedExample {
  readonly method: string
  /** With the query string, as it is written: nothing percent-encoded. */
  readonly path: string
  readonly body: string
  /** JSON. */
  readonly answer: string
}

/** The JSON under the line `Points:` in docs/. */
export function documentedPoints(path: string): string {
  const found = /^Points:\n```json\n([^`]*)```/m.exec(read(path))
  if (found?.[1] === undefined) throw new Error(`docs/${path} has no points`)
  return found[1]
}

/** Each fenced block of http in docs/, `METHOD PATH` and maybe a body after an empty line, with the block of json that follows it. */
export function documentedExamples(path: string): DocumentedExample[] {
  const blocks = read(path).matchAll(/^```http\n(\w+) (\S+)\n\n?([^`]*)```\n```json\n([^`]*)```/gm)
  return [...blocks].map(([, method = '', url = '', body = '', answer = '']) => ({ method, path: url, body, answer }))
}

/**
 * A table in docs/ by the first cell of its head.
 * @returns the rest of the head, and the cells of each row under its first
 */
export function documentedTable(path: string, name: string): { head: string[]; rows: Map<string, string[]> } {
  const lines = read(path).split('\n')
  const from = lines.findIndex((line) => line.startsWith(`| ${name} |`))
  if (from < 0) throw new Error(`docs/${path} has no table ${name}`)
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('*', '').trim())
  const end = lines.findIndex((line, i) => i > from && !line.startsWith('|'))
  const rows = lines.slice(from + 2, end).map(cells)
  return { head: cells(lines[from] ?? '').slice(1), rows: new Map(rows.map(([first = '', ...rest]) => [first, rest])) }
}
