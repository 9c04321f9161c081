import { startDynamo } from '../helpers/dynamo.ts'
import { storeContract } from './store.contract.ts'
import { uidContract } from './uid.contract.ts'

storeContract('dynalite', startDynamo)
uidContract('dynalite', startDynamo)
