#!/usr/bin/env node
import { register } from 'tsx/esm/api'

// The SDK says on every start that it will leave Node 20 behind: nothing that who calls `tsdb seal` can act on.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
register()
const { main } = await import('../cli/main.ts')
process.exitCode = await main(process.argv.slice(2), process)
