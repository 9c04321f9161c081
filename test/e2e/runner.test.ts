import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { PROJECT_DIR } from '../../local/paths.ts'
import { synthesise } from '../../local/synth.ts'

interface Runner {
  readonly process: ChildProcess
  readonly url: string
  readonly printed: () => string
  /** Sends a signal and waits for the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

beforeAll(async () => {
  // Otherwise the first of the tests would pay for it.
  await synthesise({ allowDelete: 'true', web: 'false' })
})

/** Runs `npm start`'s own command. */
function launch(...args: string[]): {
  child: ChildProcess
  out: () => string
  err: () => string
  exit: Promise<number | null>
} {
  const child = spawn(process.execPath, ['bin/start.mjs', ...args], {
    cwd: PROJECT_DIR,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (piece) => {
    out += piece
  })
  child.stderr.on('data', (piece) => {
    err += piece
  })
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exit
  })
  return { child, out: () => out, err: () => err, exit }
}

/** Starts on any port and waits for the banner. */
async function start(...args: string[]): Promise<Runner> {
  const { child, out, err, exit } = launch('--port', '0', ...args)
  let ended = false
  void exit.then(() => {
    ended = true
  })
  for (;;) {
    const url = /Listening on {2}(\S+)/.exec(out())?.[1]
    // The banner ends with the query.
    if (url !== undefined && out().includes('api/query?')) {
      const end = async (signal: NodeJS.Signals) => {
        child.kill(signal)
        return exit
      }
      return { process: child, url, printed: out, end }
    }
    if (ended) throw new Error(`It did not start: ${err()}`)
    await pause()
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}

async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tsdb-runner-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

async function put(url: string, values: readonly number[], query = ''): Promise<number> {
  const points = values.map((value) => ({
    metric: 'sys.cpu.user',
    timestamp: NOW_S - value,
    value,
    tags: { host: 'web01' },
  }))
  const response = await fetch(`${url}/api/put${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(points),
  })
  return response.status
}

const NOW_S = Math.floor(Date.now() / 1000)

/** The values that a query finds. */
async function query(url: string): Promise<number[]> {
  const response = await fetch(`${url}/api/query?start=1h-ago&m=none:sys.cpu.user`)
  if (response.status === 400) return []
  const [result] = (await response.json()) as { dps: Record<string, number> }[]
  return Object.values(result?.dps ?? {}).sort((a, b) => a - b)
}

/** Splits a command of the banner as a shell would and runs it with curl's meaning. */
async function paste(printed: string, url: string): Promise<{ put: number; found: unknown }> {
  const body = /-d '(.*)'\n/.exec(printed)?.[1]?.replace("'$(date +%s)'", String(NOW_S)) ?? ''
  const target = /curl '([^']+)'/.exec(printed)?.[1] ?? ''
  const sent = await fetch(`${url}/api/put`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  for (;;) {
    const answer = await fetch(target)
    const found = answer.status === 200 ? await answer.json() : []
    if (Array.isArray(found) && found.length > 0) return { put: sent.status, found }
    await pause()
  }
}

test('a newcomer sees the address, where the data lie, and a put and a query that work when pasted', async () => {
  const dir = await tempDir()
  const runner = await start('--data', dir)
  expect(runner.printed()).toContain(dir)
  expect(await paste(runner.printed(), runner.url)).toMatchObject({
    put: 204,
    found: [{ metric: 'sys.cpu.user', tags: { host: 'web01' }, dps: { [NOW_S]: 42.5 } }],
  })
  expect(await runner.end('SIGTERM')).toBe(0)
})

test('what was acknowledged is stored before SIGTERM ends it, and is there after a restart', async () => {
  const dir = await tempDir()
  const first = await start('--data', dir)
  expect(await put(first.url, [1, 2, 3])).toBe(204)
  expect(await first.end('SIGTERM')).toBe(0)

  const second = await start('--data', dir)
  expect(await query(second.url)).toEqual([1, 2, 3])
  expect(await put(second.url, [4], '?sync')).toBe(204)
  expect(await query(second.url)).toEqual([1, 2, 3, 4])
  expect(await second.end('SIGINT')).toBe(0)
})

test('a signal to npm ends it like one to the runner itself', async () => {
  const dir = await tempDir()
  const npm = spawn('npm', ['start', '--', '--port', '0', '--data', dir], { cwd: PROJECT_DIR })
  let out = ''
  npm.stdout.on('data', (piece) => {
    out += piece
  })
  const exit = new Promise((resolve) => npm.on('close', resolve))
  while (!out.includes('api/query?')) await pause()
  npm.kill('SIGTERM')
  expect(await exit).toBe(0)
})

test('what was acknowledged survives a kill, and nothing is locked by it', async () => {
  const dir = await tempDir()
  const first = await start('--data', dir)
  expect(await put(first.url, [1, 2, 3])).toBe(204)
  await first.end('SIGKILL')

  const second = await start('--data', dir)
  while ((await query(second.url)).length < 3) await pause()
  expect(await query(second.url)).toEqual([1, 2, 3])
})

test('in memory, nothing is written and nothing is left', async () => {
  const dir = await tempDir()
  const runner = await start('--memory', '--data', join(dir, 'unused'))
  expect(await put(runner.url, [1], '?sync')).toBe(204)
  expect(await query(runner.url)).toEqual([1])
  expect(await runner.end('SIGTERM')).toBe(0)
  await expect(rm(join(dir, 'unused'), { recursive: true })).rejects.toThrow('ENOENT')
})

test('a second instance on the folder, a taken port and a folder that can’t be one are refused in a line each', async () => {
  const dir = await tempDir()
  const runner = await start('--data', dir)
  const file = join(dir, 'file')
  await writeFile(file, '')
  const refusals: readonly [args: string[], line: RegExp][] = [
    [['--port', '0', '--data', dir], /^The data folder \S+ is in use by another instance\n$/],
    [['--port', new URL(runner.url).port, '--memory'], /^Port \d+ is taken: choose another with --port\n$/],
    [['--port', '0', '--data', join(file, 'below')], /^Can't make the data folder \S+: .*\n$/],
    [['--port', 'many'], /^error: option '--port <number>' argument 'many' is invalid\. .*\n$/],
    [['--log', 'loud'], /^error: option '--log <level>' argument 'loud' is invalid\. .*\n$/],
  ]
  for (const [args, line] of refusals) {
    const { err, exit } = launch(...args)
    expect([await exit, err()]).toEqual([1, expect.stringMatching(line)])
  }
})

test('--help says what there is', async () => {
  const { out, exit } = launch('--help')
  expect(await exit).toBe(0)
  for (const option of ['--port', '--data', '--memory', '--log']) expect(out()).toContain(option)
})
