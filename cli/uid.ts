import { isRecord } from '../lib/model/json.ts'
import { Client, refusal } from './client.ts'
import { RefusedError } from './errors.ts'
import { counted, type Io, write } from './io.ts'

/** Where names are kept. */
export interface UidServer {
  readonly url: string
  readonly token?: string | undefined
}

/** The kinds of names. */
export const UID_TYPES = ['metric', 'tagk', 'tagv'] as const

/** Where names could not be deleted, or faults were found. */
const EXIT_FAULTS = 1

/**
 * Checks that names lead to UIDs that lead back to them, and prints a line for each that does not.
 * @param types the kinds to check
 * @returns the exit status: 0, or 1 where there are faults
 * @throws RefusedError with the server's words, ServerAwayError
 */
export async function fsckUids(server: UidServer, types: readonly string[], io: Io): Promise<number> {
  let [checked, faults] = [0, 0]
  for (const type of types) {
    for (let after: unknown = ''; typeof after === 'string'; ) {
      const page = await ask(server, 'api/uid/fsck', { type, after })
      if (!Array.isArray(page.faults)) throw new RefusedError(200, 'The answer has no list of faults')
      for (const { kind, name, uid, fault } of page.faults) {
        await write(io.stdout, `${kind} ${name} ${uid}: ${fault}\n`)
      }
      checked += Number(page.checked)
      faults += page.faults.length
      after = page.next
    }
  }
  await write(io.stdout, `${counted(checked, 'name')} checked, ${counted(faults, 'fault')} found\n`)
  return faults === 0 ? 0 : EXIT_FAULTS
}

/**
 * Deletes names that no series uses, and prints what became of each.
 * @returns the exit status: 0, or 1 where a name was not deleted
 * @throws RefusedError with the server's words, ServerAwayError
 */
export async function deleteUids(server: UidServer, type: string, names: readonly string[], io: Io): Promise<number> {
  const answer = await ask(server, 'api/uid/delete', { [type]: names })
  const [done, errors] = [answer[type], answer[`${type}_errors`] ?? {}]
  if (!isRecord(done) || !isRecord(errors)) throw new RefusedError(200, 'The answer does not say what was deleted')
  for (const [name, uid] of Object.entries(done)) await write(io.stdout, `${type} ${name} ${uid}: deleted\n`)
  for (const [name, why] of Object.entries(errors)) await write(io.stderr, `${type} ${name}: ${why}\n`)
  return Object.keys(errors).length === 0 ? 0 : EXIT_FAULTS
}

/** @returns the answer's fields, also where some names failed: then the status is 400, and there is no `error` */
async function ask({ url, token }: UidServer, path: string, body: object): Promise<Record<string, unknown>> {
  const client = new Client({ url, token, tries: 4 })
  const answer = await client.postJson(path, JSON.stringify(body))
  const fields: unknown = answer.status === 200 || answer.status === 400 ? JSON.parse(answer.text) : undefined
  if (!isRecord(fields) || 'error' in fields) throw refusal(answer)
  return fields
}
