import { mergeConfig } from 'vitest/config'
import base from '../../vitest.config.ts'

const config = mergeConfig(base, {})

export default { ...config, test: { ...config.test, include: ['test/contract/dynamodb-local.ts'] } }
