#!/usr/bin/env node
// Functions run in UTC, as they do on Lambda, and dates must mean the same in the runner's own thread.
process.env.TZ = 'UTC'
const { register } = await import('tsx/esm/api')
register()
await import('../local/main.ts')
