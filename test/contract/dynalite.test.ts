import { startDynamo } from '../helpers/dynamo.ts'
import { annotationsContract } from './annotations.contract.ts'
import { postingsContract } from './postings.contract.ts'
import { rowsContract } from './rows.contract.ts'
import { storeContract } from './store.contract.ts'
import { treesContract } from './trees.contract.ts'
import { uidContract } from './uid.contract.ts'
import { uidAdminContract } from './uid-admin.contract.ts'

storeContract('dynalite', startDynamo)
rowsContract('dynalite', startDynamo)
uidContract('dynalite', startDynamo)
uidAdminContract('dynalite', startDynamo)
postingsContract('dynalite', startDynamo)
annotationsContract('dynalite', startDynamo)
treesContract('dynalite', startDynamo)
