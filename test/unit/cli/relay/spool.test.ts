import {
  appendFile,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { RelayDiskError, RelayFolderError, RelayFullError } from '../../../../cli/relay/errors.ts'
import { Spool, type SpoolOptions } from '../../../../cli/relay/spool.ts'

const ALL = { points: 1_000_000, characters: 100_000_000 }

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tsdb-spool-'))
  return () => rm(dir, { recursive: true })
})

async function open(options: Partial<SpoolOptions> = {}): Promise<Spool> {
  const spool = await Spool.open({ dir, maxBytes: 1024 * 1024, fsync: 'never', ...options })
  onTestFinished(() => spool.close())
  return spool
}

/** Reads and is done with all that is there, some points at a time. */
async function takeAll(spool: Spool, points = ALL.points): Promise<string[]> {
  const taken: string[] = []
  for (;;) {
    const batch = await spool.next({ ...ALL, points })
    if (batch === undefined) return taken
    taken.push(...batch.points)
    await spool.done(batch)
  }
}

const segments = async () => (await readdir(dir)).filter((name) => name.endsWith('.segment'))

test('points come out as they went in, first in first out, whole entries at a time', async () => {
  const spool = await open()
  for (const entry of [['1', '2'], ['3'], ['4', '5', '6']]) await spool.append(entry)
  expect(spool.points).toBe(6)
  expect((await spool.next({ ...ALL, points: 3 }))?.points).toEqual(['1', '2', '3'])
  // what is not done is read again
  expect(await takeAll(spool, 1)).toEqual(['1', '2', '3', '4', '5', '6'])
  expect(spool.points).toBe(0)
  expect(await spool.next(ALL)).toBeUndefined()
})

test.each([
  'always',
  'second',
  'never',
] as const)('what was appended is there after a restart, fsync %s', async (fsync) => {
  const first = await open({ fsync })
  await first.append(['1', '2'])
  await first.append(['3'])
  const batch = await first.next({ ...ALL, points: 1 })
  if (batch !== undefined) await first.done(batch)
  await first.close()
  const second = await open({ fsync })
  expect(second.points).toBe(1)
  await second.append(['4'])
  expect(await takeAll(second)).toEqual(['3', '4'])
})

test('segments end at their size, and go once all their points are sent', async () => {
  const spool = await open({ segmentBytes: 100 })
  for (let i = 0; i < 20; i++) await spool.append([`${i}`, 'x'.repeat(20)])
  expect((await segments()).length).toBeGreaterThan(3)
  await takeAll(spool, 1)
  expect((await segments()).length).toBeLessThan(2)
  await spool.append(['again'])
  expect(await takeAll(spool)).toEqual(['again'])
})

test('after all was sent and the folder is empty, what comes next is not taken for sent', async () => {
  const first = await open({ segmentBytes: 1 })
  await first.append(['1', '22', '333'])
  await takeAll(first)
  expect(await segments()).toEqual([])
  await first.close()
  const second = await open({ segmentBytes: 1 })
  await second.append(['2', '33', '444'])
  await second.close()
  expect(await takeAll(await open())).toEqual(['2', '33', '444'])
})

test('where it can not be noted how far points were sent, they are sent all the same, and make room', async () => {
  const spool = await open({ segmentBytes: 1 })
  // what can't be written stands in for a full disk
  await mkdir(join(dir, 'position.json.new'))
  for (const point of ['1', '2', '3']) await spool.append([point])
  const batch = await spool.next({ ...ALL, points: 2 })
  expect(batch?.points).toEqual(['1', '2'])
  expect(batch && (await spool.done(batch))).toBeInstanceOf(Error)
  expect(await segments()).toHaveLength(2)
  expect(await takeAll(spool)).toEqual(['3'])
  expect(await segments()).toHaveLength(1)
  await spool.close()
  await rm(join(dir, 'position.json.new'), { recursive: true })
  const second = await open({ segmentBytes: 1 })
  await second.append(['4'])
  expect(await takeAll(second)).toEqual(['3', '4'])
})

test('a full spool refuses what is new and keeps what is old', async () => {
  const spool = await open({ maxBytes: 200, segmentBytes: 60 })
  let taken = 0
  const refusal = (async () => {
    for (; ; taken++) await spool.append([`${taken}`])
  })()
  await expect(refusal).rejects.toThrow(RelayFullError)
  expect(taken).toBeGreaterThan(2)
  expect(await takeAll(spool)).toEqual(Array.from({ length: taken }, (_, i) => `${i}`))
  await spool.append(['there is room again'])
})

test('an entry that was torn is set aside, and what stands before and comes after is read', async () => {
  const first = await open()
  await first.append(['1'])
  await first.append(['2'])
  await first.close()
  const [segment = ''] = await segments()
  const whole = await readFile(join(dir, segment))
  await truncate(join(dir, segment), whole.length - 3)
  const second = await open()
  await second.append(['3'])
  expect(await takeAll(second)).toEqual(['1', '3'])
  expect(second.damagedBytes).toBe(whole.length / 2 - 3)
  expect((await readdir(dir)).filter((name) => name.endsWith('.damaged'))).toHaveLength(1)
})

test('an entry that is damaged while the relay runs is set aside, waited for by nobody, and what comes after is read', async () => {
  const spool = await open()
  await spool.append(['1'])
  const path = join(dir, (await segments())[0] ?? '')
  const bytes = await readFile(path)
  await writeFile(path, bytes.fill(0xff, bytes.length - 1))
  expect(await spool.next(ALL)).toBeUndefined()
  expect(spool).toMatchObject({ points: 0, oldestAt: undefined })
  await spool.append(['2'])
  expect(await takeAll(spool)).toEqual(['2'])
  expect(spool.points).toBe(0)
})

test('points that could not be brought to the disk itself are refused, and counted where they are read', async () => {
  const spool = await open({ fsync: 'always' })
  await spool.append(['1'])
  const file = await openFile(join(dir, (await segments())[0] ?? ''))
  const failing = vi.spyOn(Object.getPrototypeOf(file), 'datasync').mockRejectedValueOnce(new Error('EIO'))
  onTestFinished(() => failing.mockRestore())
  await file.close()
  await expect(spool.append(['2'])).rejects.toThrow(RelayDiskError)
  expect(spool.points).toBe(2)
  expect(await takeAll(spool)).toEqual(['1', '2'])
  expect(spool.points).toBe(0)
})

test('rubbish behind the last entry is set aside', async () => {
  const first = await open()
  await first.append(['1'])
  await first.close()
  await appendFile(join(dir, (await segments())[0] ?? ''), 'rubbish that is no entry')
  expect(await takeAll(await open())).toEqual(['1'])
})

test.each([
  '',
  '{',
  '{"segment":0,"offset":1e9}',
  '{"segment":77,"offset":3}',
])('where it is not known how far points were sent (%j), none is left out', async (position) => {
  const first = await open()
  await first.append(['1'])
  await first.close()
  await writeFile(join(dir, 'position.json'), position)
  const second = await open()
  await second.append(['2'])
  expect(await takeAll(second)).toEqual(['1', '2'])
})

test('a folder takes one relay; whatever one that is gone left behind, the next one is let in', async () => {
  const spool = await open()
  await expect(open()).rejects.toThrow(RelayFolderError)
  await spool.close()
  // after a restart of the machine another process may have the number of the one that was killed
  await writeFile(join(dir, 'relay.pid'), `${process.ppid}\n`)
  await (await open()).append(['1'])
})

test('a folder that is a file is an error that says so', async () => {
  await writeFile(join(dir, 'file'), '')
  await expect(Spool.open({ dir: join(dir, 'file'), maxBytes: 1, fsync: 'never' })).rejects.toThrow(RelayFolderError)
})
