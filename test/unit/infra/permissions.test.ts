import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { permissionsOf } from './permissions.ts'
import { synthesise } from './synthesise.ts'

/** The rows of the page: `| IngestPut | ... | dynamodb:Query on tsdb-meta; kinesis:PutRecords on the stream |`. */
function documented(): [string, string[]][] {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
  const section = /\n## Permissions\n([\s\S]*?)(?=\n## |$)/.exec(page)?.[1] ?? ''
  return [...section.matchAll(/^\| `(\w+)` \| [^|]+ \| ([^|]*) \|$/gm)].map(([, role = '', list = '']) => {
    const services = list.split(';').map((part) => part.trim())
    return [role, services.flatMap(unfold).sort()]
  })
}

/** `dynamodb: GetItem, Query on tsdb, tsdb-uid` */
function unfold(part: string): string[] {
  const [, service, actions = '', resources = ''] = /^(\w+): (.+) on (.+)$/.exec(part) ?? []
  if (service === undefined) throw new Error(`docs/operations.md says ${part}`)
  return resources
    .split(', ')
    .flatMap((resource) => actions.split(', ').map((action) => `${service}:${action} on ${resource}`))
}

test('docs/operations.md lists what each role may do, and the template allows just that', () => {
  const { template } = synthesise()
  expect(documented()).toEqual([...permissionsOf(template)])
})

test('what may be done beyond that by context is said there too', () => {
  const byDefault = permissionsOf(synthesise().template)
  const more = permissionsOf(synthesise({ allowDelete: 'true', blockRetentionDays: '0' }).template)
  const added = [...more].flatMap(([role, list]) =>
    list.filter((one) => !byDefault.get(role)?.includes(one)).map((one) => `${role}: ${one}`),
  )
  expect(added).toEqual([
    'Delete: dynamodb:DeleteItem on tsdb',
    'Delete: dynamodb:PutItem on tsdb',
    'Delete: dynamodb:UpdateItem on tsdb',
    'Seal: dynamodb:BatchWriteItem on tsdb',
  ])
})
