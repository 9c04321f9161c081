import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLines } from '../../../lib/ingest/lines.ts'

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function linesOf(text: string, size: number, longest = 1000): Promise<[number, string | undefined][]> {
  const lines: [number, string | undefined][] = []
  for await (const run of readLines(pieces(Buffer.from(text), size), longest)) {
    for (const [i, line] of run.texts.entries()) lines.push([run.first + i, line])
  }
  return lines
}

describe('readLines', () => {
  it('numbers lines from 1, with or without a newline at the end', async () => {
    const wanted = [
      [1, 'a'],
      [2, ''],
      [3, 'c'],
    ]
    expect(await linesOf('a\n\nc', 2)).toEqual(wanted)
    expect(await linesOf('a\n\nc\n', 2)).toEqual(wanted)
  })

  it('finds nothing in nothing', async () => {
    expect(await linesOf('', 1)).toEqual([])
  })

  it.each([1, 3, 64])('passes over a line that is too long and goes on after it (pieces of %i)', async (size) => {
    expect(await linesOf(`ok\n${'x'.repeat(40)}\nnext\n${'y'.repeat(11)}`, size, 10)).toEqual([
      [1, 'ok'],
      [2, undefined],
      [3, 'next'],
      [4, undefined],
    ])
  })

  it('finds the same lines however the bytes are cut, also through the middle of a character', async () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\n', ''))
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 30 }), async (lines, size) => {
        const found = await linesOf(lines.map((text) => `${text}\n`).join(''), size)
        expect(found).toEqual(lines.map((text, i) => [i + 1, text]))
      }),
      { numRuns: 200 },
    )
  })
})
