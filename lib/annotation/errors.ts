import { BadRequestError, TsdbError } from '../model/errors.ts'

/** When an annotation can't be understood: names the field and the rule. */
export class BadAnnotationError extends BadRequestError {
  constructor(field: string, message: string, details?: string) {
    super(`annotation.${field}`, message, details === undefined ? {} : { details })
  }
}

/** When there is no annotation where one is asked for. */
export class AnnotationNotFoundError extends TsdbError {
  constructor() {
    super('annotation.notFound', 404, 'Unable to locate annotation in storage')
  }
}

/** When others kept changing an annotation each time before ours could be stored. */
export class AnnotationContendedError extends TsdbError {
  constructor(tries: number) {
    super('annotation.contended', 409, 'Failed to save the Annotation to storage', {
      details: `It was changed by others ${tries} times meanwhile`,
    })
  }
}
