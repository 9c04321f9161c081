import type { FunctionModel, StatementModel } from '../template/index.ts'
import { arn } from '../template/resources.ts'

/** Who may do what a role says, known by credentials of its own. */
export interface Principal {
  readonly accessKeyId: string
  /** What AWS calls it when it refuses something. */
  readonly arn: string
  readonly statements: readonly StatementModel[]
}

/** A function with its role taken on. Its access key id is its name: nobody has to be kept out, only told apart. */
export function principalOf({ name, role }: FunctionModel): Principal {
  return { accessKeyId: name, arn: arn('sts', `assumed-role/${role.name}/${name}`), statements: role.statements }
}
