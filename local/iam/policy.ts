import type { StatementModel } from '../template/model.ts'

/** What a role allows: each action on each resource of each of its statements, and nothing else. */
export class Policy {
  readonly #statements: readonly StatementModel[]
  /** By action and resource. A function asks for a handful of them, again and again. */
  readonly #decided = new Map<string, boolean>()

  constructor(statements: readonly StatementModel[]) {
    this.#statements = statements
  }

  /**
   * @param action `dynamodb:Query`
   * @param resource an ARN, or `*` for an action that is on none
   */
  allows(action: string, resource: string): boolean {
    const key = `${action} ${resource}`
    let isAllowed = this.#decided.get(key)
    if (isAllowed === undefined) {
      isAllowed = this.#statements.some(
        (statement) =>
          namesAction(statement, action) && statement.resources.some((pattern) => matches(pattern, resource)),
      )
      this.#decided.set(key, isAllowed)
    }
    return isAllowed
  }

  /** Whether it allows an action on any resource at all. */
  allowsSomewhere(action: string): boolean {
    return this.#statements.some((statement) => namesAction(statement, action))
  }
}

/** IAM compares names of actions without regard to case, and ARNs with. */
function namesAction({ actions }: StatementModel, action: string): boolean {
  return actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()))
}

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : pattern === text
}
