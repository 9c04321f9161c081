import { BadRequestError, TsdbError } from '../model/errors.ts'

/** When a tree or a rule can't be understood, or breaks a rule of theirs. */
export class BadTreeError extends BadRequestError {
  constructor(field: string, message: string, details?: string) {
    super(`tree.${field}`, message, details === undefined ? {} : { details })
  }
}

/** When there is no such tree, rule or branch. */
export class TreeNotFoundError extends TsdbError {
  /** @param what `tree: 99` */
  constructor(what: string) {
    super('tree.notFound', 404, `Unable to locate ${what}`)
  }
}

/** When others kept changing a tree each time before ours could be stored. */
export class TreeContendedError extends TsdbError {
  constructor(treeId: number, tries: number) {
    super('tree.contended', 409, `Unable to save changes to tree: ${treeId}`, {
      details: `It was changed by others ${tries} times meanwhile`,
    })
  }
}

/** When all ids are taken. */
export class TreesExhaustedError extends TsdbError {
  constructor(most: number) {
    super('tree.exhausted', 400, `There are no ids left for trees: ${most} is the greatest`, {
      details: 'Delete trees with their definitions',
    })
  }
}
