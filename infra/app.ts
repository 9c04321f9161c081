import { createApp } from './create-app.ts'
import { InvalidContextError, UnknownContextError } from './errors.ts'

// What cdk.json runs: writes the assembly to CDK_OUTDIR, with the context of CDK_CONTEXT_JSON.
try {
  createApp().synth()
} catch (error) {
  // A value of the user's needs no stack trace.
  if (!(error instanceof InvalidContextError || error instanceof UnknownContextError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
