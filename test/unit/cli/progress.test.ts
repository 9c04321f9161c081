import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { startProgress } from '../../../cli/progress.ts'

function terminal(isTTY: boolean) {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns: 200 })
  return { stdin: Readable.from([]), stdout: new PassThrough(), stderr, env: {} }
}

async function drawn(isTTY: boolean, total: number | undefined): Promise<string> {
  const io = terminal(isTTY)
  const progress = startProgress(io, total)
  progress.update(500, 1234)
  progress.note('a.txt:1: bad')
  // the library draws at most every 100 ms
  await new Promise((resolve) => setTimeout(resolve, 250))
  progress.stop()
  io.stderr.end()
  return text(io.stderr)
}

describe('startProgress', () => {
  it('draws a bar with the share done, the rate and the time left on a terminal', async () => {
    const output = await drawn(true, 1000)
    expect(output).toMatch(/50% \| 1,234 points \| [\d,]+ points\/s \| .* left/)
    expect(output).toContain('a.txt:1: bad\n')
  })

  it('draws the count and the rate where nobody knows the size', async () => {
    expect(await drawn(true, undefined)).toMatch(/1,234 points \| [\d,]+ points\/s/)
  })

  it('writes the notes alone where there is no terminal', async () => {
    expect(await drawn(false, 1000)).toBe('a.txt:1: bad\n')
  })
})
