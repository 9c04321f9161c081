import { expect, test } from 'vitest'
import { Assets } from '../../../../local/template/assembly.ts'
import { readTemplate } from '../../../../local/template/index.ts'
import { synthesise } from '../../infra/synthesise.ts'

/** Any asset is there: nothing is started. */
class AllAssets extends Assets {
  override folderOf(): string {
    return '/bundle'
  }
}

/** What is read of the stack that some context makes. */
function readStackOf(context: Readonly<Record<string, string>>) {
  const template = synthesise({ web: 'false', ...context }).template.toJSON()
  return readTemplate({ stackName: 'tsdb', template, assets: new AllAssets(new Map()) })
}

test.each([
  {},
  { mode: 'ro' },
  { mode: 'wo' },
  { tracing: 'true', allowDelete: 'true', blockRetentionDays: '0' },
])('the role of each function is understood with %j', (context) => {
  const { functions } = readStackOf(context)
  expect(functions.length).toBeGreaterThan(7)
  for (const { logicalId, role } of functions) {
    const actions = role.statements.flatMap((statement) => statement.actions)
    expect(actions, logicalId).toContain('logs:PutLogEvents')
    expect(actions.includes('xray:PutTraceSegments'), logicalId).toBe(context.tracing === 'true')
  }
})
