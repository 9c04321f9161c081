import { startDynamo } from '../helpers/dynamo.ts'
import { everyContract } from './all.ts'

everyContract('dynalite', startDynamo)
