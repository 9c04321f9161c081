import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** Where a command reads and writes; `process` is one, tests pass their own. */
export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable & { readonly isTTY?: boolean | undefined }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Writes a piece of the output and waits while whoever reads it is behind, so that a long answer takes little memory. */
export async function write(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain')
}

/** A whole number as people read it: 1,234,567. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** A number of things: 1 line, 1,234 lines. */
export function counted(count: number, thing: string): string {
  return `${grouped(count)} ${thing}${count === 1 ? '' : 's'}`
}
