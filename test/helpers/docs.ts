import { readFileSync } from 'node:fs'
import { fromHex } from './hex.ts'

/**
 * The bytes of a worked example in docs/: a fenced block of hex under the line `Example: NAME`, where everything from
 * `|` to the end of a line is explanation.
 */
export function documentedBytes(path: string, name: string): Uint8Array {
  const text = readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')
  const found = new RegExp(`^Example: ${name}\n+\`\`\`hex\n([^\`]*)\`\`\``, 'm').exec(text)
  if (found?.[1] === undefined) throw new Error(`docs/${path} has no example ${name}`)
  return fromHex(found[1].replace(/\|.*$/gm, ''))
}
