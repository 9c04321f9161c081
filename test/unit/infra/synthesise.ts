import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Stack } from 'aws-cdk-lib'
import { Annotations, Template } from 'aws-cdk-lib/assertions'
import { vi } from 'vitest'
import { createApp } from '../../../infra/create-app.ts'

/** What the CDK makes of some context, without bundles, which the tests of the runner cover. */
export function synthesise(context: Readonly<Record<string, unknown>> = {}): {
  template: Template
  annotations: Annotations
} {
  // The CDK prints every annotation, which the tests look at themselves.
  const stderr = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const outdir = mkdtempSync(join(tmpdir(), 'tsdb-infra-'))
  try {
    const app = createApp({ outdir, validate: false, context: { ...context, 'aws:cdk:bundling-stacks': [] } })
    const stack = Stack.of(app.node.findChild('Tsdb'))
    return { template: Template.fromStack(stack), annotations: Annotations.fromStack(stack) }
  } finally {
    stderr.mockRestore()
    rmSync(outdir, { recursive: true })
  }
}
