import { startDynamo } from '../helpers/dynamo.ts'
import { storeContract } from './store.contract.ts'

storeContract('dynalite', startDynamo)
