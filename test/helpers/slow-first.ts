import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Folders whose files take up to minutes, the slowest first; one that is left for the end keeps a single core waiting. */
const SLOW = ['test/conformance', 'test/e2e', 'test/faults', 'test/contract', 'test/differential']

/** Runs the files of slow folders first, and each folder's in vitest's own order. */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => rankOf(a) - rankOf(b))
  }
}

function rankOf({ moduleId, project }: TestSpecification): number {
  const path = relative(project.config.root, moduleId)
  const rank = SLOW.findIndex((folder) => path.startsWith(`${folder}/`))
  return rank < 0 ? SLOW.length : rank
}
