import { TRIES_ALONE } from '../../lib/ingest/attempts.ts'
import { DEFAULT_UID_WIDTHS, UID_KINDS } from '../../lib/model/series.ts'
import type { Store } from '../../lib/store/index.ts'
import { checkNames } from '../../lib/uid/fsck.ts'
import { answerOf, finalValues, type Point, pointsOf, readAnswer } from './model.ts'
import { DOOMED, METRICS, type Scenario } from './scenario.ts'

const HOUR_S = 3600

/** Looks at everything in the end: whatever is not as it must be is added to the run's violations. */
export async function check(scenario: Scenario, store: Store): Promise<void> {
  await checkRejects(scenario, store)
  await checkPoints(scenario)
  await checkLedger(scenario, store)
  await checkUids(scenario, store)
  await checkTree(scenario)
  await checkDeletion(scenario)
}

async function readAll(scenario: Scenario, metric: string): Promise<Point[]> {
  const { status, text } = answerOf(await scenario.alone('query', scenario.queryEvent(metric)))
  // A metric that nobody's record came through for has no name.
  if (status === 400 && text.includes('No such name')) return []
  if (status !== 200) scenario.violations.push(`in the end, ${metric}: ${status} ${text.slice(0, 200)}`)
  return readAnswer(metric, text)
}

function goodRecords({ stream, bad }: Scenario): typeof stream.shards {
  return stream.shards.map((records) => records.filter(({ bytes }) => !bad.has(Buffer.from(bytes).toString())))
}

/** What is on the stream is there once, with the value that arrived last; what was acknowledged is on the stream. */
async function checkPoints(scenario: Scenario): Promise<void> {
  const possible = finalValues(goodRecords(scenario))
  const onStream = new Set(
    goodRecords(scenario).flatMap((records) =>
      records.flatMap(({ bytes }) => pointsOf(bytes).map(([key, value]) => `${key} ${value}`)),
    ),
  )
  for (const [key, value] of scenario.acknowledged) {
    if (!onStream.has(`${key} ${value}`))
      scenario.violations.push(`${key} = ${value} was acknowledged and is not on the stream`)
  }
  for (const metric of METRICS) {
    const read = await readAll(scenario, metric)
    const needed = [...possible.keys()].filter((key) => key.startsWith(`${metric} `))
    scenario.compare('in the end', read, needed)
    for (const [key, value] of read) {
      const values = possible.get(key)
      if (values?.has(value) !== true) {
        scenario.violations.push(`in the end: ${key} is ${value}, not ${[...(values ?? [])].join(' or ')}`)
      }
    }
  }
}

async function checkLedger({ violations, baseTime }: Scenario, { ledger }: Store): Promise<void> {
  for (const hour of [...(await ledger.readLedger([0, 1], baseTime, baseTime + HOUR_S)).values()].flat()) {
    if (hour.state !== 'sealed') violations.push(`shelf ${hour.shelf}, hour ${hour.baseTime} is ${hour.state}`)
  }
  for (const shelf of [0, 1]) {
    for (const { day } of await ledger.pendingDays(shelf)) violations.push(`shelf ${shelf}: day ${day} is left to do`)
  }
}

async function checkUids({ violations }: Scenario, { uidTable }: Store): Promise<void> {
  for (const kind of UID_KINDS) {
    const { faults } = await checkNames(uidTable, DEFAULT_UID_WIDTHS, kind, '', 10_000)
    for (const { name, uid, fault } of faults) violations.push(`${kind} ${name} ${uid}: ${fault}`)
  }
}

/**
 * Only what was bad from the start, and all of it. A record with which three consumers were killed looks like one that kills them: it may be there,
 * and is sent again as somebody would who looks after rejects.
 */
async function checkRejects(scenario: Scenario, { rejects }: Store): Promise<void> {
  const { violations, bad, stream, deaths } = scenario
  const days = new Set(stream.shards.flat().map(({ arrivalMs }) => Math.floor(arrivalMs / 86_400_000) * 86_400))
  const kept = new Set<string>()
  const innocent: Uint8Array[] = []
  for (const day of days) {
    for await (const { bytes, reason, sequence } of rejects.list(day)) {
      const text = Buffer.from(bytes).toString()
      kept.add(text)
      if (bad.has(text)) continue
      if ((deaths.get(String(sequence)) ?? 0) >= TRIES_ALONE) innocent.push(bytes)
      else violations.push(`a good record is rejected: ${reason}`)
    }
  }
  for (const text of bad) if (!kept.has(text)) violations.push(`the bad record ${text.trim()} is not among the rejects`)
  for (const bytes of innocent) {
    scenario.faults.count('good record rejected and sent again')
    await scenario.sendAgain(bytes)
  }
}

/** Each series that has points hangs once in the tree: its metric, then its host. */
async function checkTree(scenario: Scenario): Promise<void> {
  const expected = new Set(
    [...finalValues(goodRecords(scenario)).keys()].map((key) => key.split(' ').slice(0, 2).join(' ')),
  )
  const found: string[] = []
  const visit = async (query: string): Promise<void> => {
    const { status, text } = await scenario.api('meta', 'GET', `/api/tree/branch?${query}`)
    if (status === 404 && expected.size === 0) return
    const branch: Branch = JSON.parse(text)
    for (const { metric, tags } of branch.leaves ?? []) found.push(`${metric} ${tags.host}`)
    for (const { branchId } of branch.branches ?? []) await visit(`branch=${branchId}`)
  }
  await visit('treeid=1')
  const once = new Set(found)
  if (once.size < found.length) scenario.violations.push(`series hang in the tree twice: ${found.sort().join(', ')}`)
  for (const series of expected) if (!once.has(series)) scenario.violations.push(`${series} is not in the tree`)
  for (const series of once)
    if (!expected.has(series)) scenario.violations.push(`${series} is in the tree, and has no points`)
}

interface Branch {
  readonly branches?: readonly { readonly branchId: string }[] | null
  readonly leaves?: readonly { readonly metric: string; readonly tags: { readonly host: string } }[] | null
}

/** Deleting takes away what it is for, and nothing else. */
async function checkDeletion(scenario: Scenario): Promise<void> {
  const others = async () => Promise.all([await readAll(scenario, METRICS[0]), await readAll(scenario, METRICS[1])])
  const before = JSON.stringify(await others())
  if ((await readAll(scenario, DOOMED)).length === 0) return
  const { status, text } = answerOf(await scenario.alone('delete', scenario.queryEvent(DOOMED, 'DELETE')))
  if (status !== 200) scenario.violations.push(`deleting: ${status} ${text.slice(0, 200)}`)
  const left = await readAll(scenario, DOOMED)
  if (left.length > 0) scenario.violations.push(`${left.length} points are left of what was deleted`)
  if (JSON.stringify(await others()) !== before) scenario.violations.push('deleting changed other metrics')
}
