import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROJECT_DIR } from '../../local/paths.ts'
import { runTsdb } from '../helpers/cli.ts'
import { randomFrom } from '../helpers/stage.ts'
import { readAnswer } from './model.ts'

/** What killing came to. */
export interface KillReport {
  /** Acknowledged. */
  readonly points: number
  /** Records that were among the rejects in the end, and were sent again. */
  readonly sentAgain: number
  readonly violations: readonly string[]
}

const HOUR_S = 1_699_999_200
const METRIC = 'm.killed'
const WRITERS = 4
/** Milliseconds at most from the first acknowledged point until the process is killed. */
const MOST_LOAD_MS = 1_500
/** Milliseconds within which everything acknowledged must be readable after the last start. */
const DRAIN_MS = 60_000

/**
 * Starts `npm start`'s own process on a data folder, puts points as fast as it takes them, kills it with SIGKILL at a moment of chance and
 * starts it again, over and over. In the end every point that was acknowledged must be there once, with its value, and nothing
 * that nobody sent. A record in whose storing the process was killed three times looks like one that kills: it is among the rejects, and is
 * sent again as somebody would who looks after them.
 * @param say called with a line for each start
 */
export async function killOften(times: number, seed: number, say: (line: string) => void): Promise<KillReport> {
  const random = randomFrom(seed)
  const dir = await mkdtemp(join(tmpdir(), 'tsdb-kill-'))
  const load = new Load()
  try {
    for (let i = 0; i < times; i++) {
      const server = await start(dir)
      const writing = load.write(server.url)
      const before = load.acknowledged.size
      while (load.acknowledged.size === before && server.child.exitCode === null) await sleep(20)
      await sleep(random() * MOST_LOAD_MS)
      server.child.kill('SIGKILL')
      await server.ended
      await writing
      say(`killed ${i + 1}: ${load.acknowledged.size} points acknowledged, ${load.sent.size} sent`)
    }
    const server = await start(dir)
    try {
      return { points: load.acknowledged.size, ...(await load.check(server.url, dir)) }
    } finally {
      server.child.kill('SIGKILL')
      await server.ended
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Points under way; each instant of a series is used once, so that what is read tells which put it is of. */
class Load {
  /** By `metric host second`, its value. */
  readonly sent = new Map<string, string>()
  readonly acknowledged = new Set<string>()
  #number = 0

  /** Puts points from several writers until the server is gone. */
  async write(url: string): Promise<void> {
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#writer(url, `h${writer}`)))
  }

  async #writer(url: string, host: string): Promise<void> {
    for (;;) {
      const points = Array.from({ length: 1 + (this.#number % 7) }, () => {
        const number = this.#number++
        return { metric: METRIC, timestamp: HOUR_S + number, value: number * 3 + 1, tags: { host } }
      })
      const keys = points.map(({ timestamp }) => `${METRIC} ${host} ${timestamp}`)
      for (const [i, key] of keys.entries()) this.sent.set(key, String(points[i]?.value))
      try {
        const answer = await fetch(`${url}/api/put`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(points),
        })
        await answer.arrayBuffer()
        if (answer.status === 204) for (const key of keys) this.acknowledged.add(key)
      } catch {
        // Killed: whether these points are in nobody knows.
        return
      }
    }
  }

  /** @returns what is not as it must be, once all is there or time is up */
  async check(url: string, dir: string): Promise<Omit<KillReport, 'points'>> {
    const until = performance.now() + DRAIN_MS
    let sentAgain = 0
    for (;;) {
      const read = await this.#read(url)
      const values = new Map(read)
      const missing = [...this.acknowledged].filter((key) => !values.has(key))
      if (missing.length > 0 && performance.now() < until) {
        const { stdout } = await runTsdb(['rejects', 'retry', '--all', '--data', dir])
        sentAgain += stdout.split(': on the stream again').length - 1
        await sleep(500)
        continue
      }
      const wrong = read.filter(([key, value]) => this.sent.get(key) !== value)
      const violations = [
        ...missing.map((key) => `${key} was acknowledged and is missing`),
        ...wrong.map(([key, value]) => `${key} is ${value}, not ${this.sent.get(key) ?? 'there'}`),
        ...(values.size < read.length ? [`${read.length - values.size} points are there twice`] : []),
      ]
      return { sentAgain, violations }
    }
  }

  async #read(url: string): Promise<readonly (readonly [string, string])[]> {
    const end = HOUR_S + this.#number + 1
    const answer = await fetch(`${url}/api/query?start=${HOUR_S}&end=${end}&m=none:${METRIC}%7Bhost=*%7D`)
    return answer.status === 200 ? readAnswer(METRIC, await answer.text()) : []
  }
}

/** Runs `npm start`'s own command and waits until it listens. */
async function start(dir: string): Promise<{ child: ChildProcess; url: string; ended: Promise<unknown> }> {
  const args = ['bin/start.mjs', '--port', '0', '--data', dir, '--log', 'error']
  const child = spawn(process.execPath, args, { cwd: PROJECT_DIR, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.on('close', resolve))
  let said = ''
  return new Promise((resolve, reject) => {
    const hear = (piece: Buffer) => {
      said += piece
      const url = /Listening on {2}(\S+)/.exec(said)?.[1]
      if (url !== undefined) resolve({ child, url, ended })
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    void ended.then(() => reject(new Error(`It did not start: ${said}`)))
  })
}
