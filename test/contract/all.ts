import type { RunningDynamo } from '../helpers/dynamo.ts'
import { annotationsContract } from './annotations.contract.ts'
import { countersContract } from './counters.contract.ts'
import { ledgerContract } from './ledger.contract.ts'
import { noterContract } from './noter.contract.ts'
import { postingsContract } from './postings.contract.ts'
import { rowsContract } from './rows.contract.ts'
import { storeContract } from './store.contract.ts'
import { tokensContract } from './tokens.contract.ts'
import { treesContract } from './trees.contract.ts'
import { uidContract } from './uid.contract.ts'
import { uidAdminContract } from './uid-admin.contract.ts'

/** What all stores promise, asked of one DynamoDB. */
export function everyContract(name: string, start: () => Promise<RunningDynamo>): void {
  storeContract(name, start)
  ledgerContract(name, start)
  rowsContract(name, start)
  uidContract(name, start)
  uidAdminContract(name, start)
  postingsContract(name, start)
  noterContract(name, start)
  annotationsContract(name, start)
  treesContract(name, start)
  tokensContract(name, start)
  countersContract(name, start)
}
