import { BadRequestError } from '../../lib/model/errors.ts'
import { type Fields, parseObject } from '../../lib/model/json-fields.ts'
import type { HttpRequest } from '../http/index.ts'

/** The fields of a JSON body where there is one, else the parameters of the URL, whose names have no capitals but `_`. */
export function fieldsOf(request: HttpRequest): Fields {
  const body = request.body()
  if (body.trim() !== '') return parseObject(body)
  return Object.fromEntries(
    [...request.query].map(([name, value]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  )
}

/**
 * A parameter of the URL that there must be.
 * @throws BadRequestError in OpenTSDB's words
 */
export function requiredParameter({ query }: HttpRequest, name: string): string {
  const value = query.get(name)
  if (value !== null && value !== '') return value
  throw new BadRequestError('missingParameter', `Missing parameter <code>${name}</code>`)
}

/** A parameter of the URL that is a whole number. @throws BadRequestError */
export function wholeParameter({ query }: HttpRequest, name: string): number | undefined {
  const value = query.get(name)
  if (value === null || value === '') return undefined
  if (/^[+-]?\d{1,10}$/.test(value)) return Number(value)
  throw new BadRequestError('parameter', `Unable to convert '${name}' to a valid number`)
}
