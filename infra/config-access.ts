import type { ContextReader } from './context.ts'
import { InvalidContextError } from './errors.ts'

// Who may come, and by which addresses.

/** Tokens of our own, policies of IAM, or JSON Web Tokens of somebody else. */
export type AuthorizerConfig =
  | { readonly kind: 'tokens' | 'iam' }
  | { readonly kind: 'jwt'; readonly issuer: string; readonly audience: readonly string[] }

export interface DomainConfig {
  readonly name: string
  /** ACM certificate of the domain: in the stack's region for the API's, in us-east-1 for the UI's, which is CloudFront's. */
  readonly certificateArn: string
}

type Context = ContextReader<
  'authorizer' | 'jwtIssuer' | 'jwtAudience' | 'web' | 'domain' | 'certificateArn' | 'webDomain' | 'webCertificateArn'
>

/**
 * Who says which callers there are.
 * @throws InvalidContextError for an issuer or audience without JSON Web Tokens, or the other way round
 */
export function readAuthorizer(context: Context): AuthorizerConfig {
  const kind = context.choice('authorizer', ['tokens', 'iam', 'jwt']) ?? 'tokens'
  const isIssuer = (value: string) => /^https:\/\/[^\s?#]+$/.test(value)
  const issuer = context.text('jwtIssuer', isIssuer, 'the https:// address that tokens name as their issuer')
  const isAudience = (value: string) => /^[^\s,]+(,[^\s,]+)*$/.test(value)
  const audience = context.text('jwtAudience', isAudience, 'the audiences of tokens, with commas between them')
  if (kind === 'jwt') {
    if (issuer === undefined) throw new InvalidContextError('jwtIssuer', issuer, 'given with authorizer=jwt')
    if (audience === undefined) throw new InvalidContextError('jwtAudience', audience, 'given with authorizer=jwt')
    return { kind, issuer, audience: audience.split(',') }
  }
  const alone = issuer === undefined ? 'jwtAudience' : 'jwtIssuer'
  if (issuer !== undefined || audience !== undefined) {
    throw new InvalidContextError(alone, issuer ?? audience, 'given with authorizer=jwt alone')
  }
  return { kind }
}

/**
 * Whether the browser UI is deployed.
 * @throws InvalidContextError where it is asked for and could ask nothing
 */
export function readWeb(context: Context, { kind }: AuthorizerConfig): boolean {
  const asked = context.choice('web', ['true', 'false'])
  if (asked === 'true' && kind === 'iam') {
    throw new InvalidContextError(
      'web',
      asked,
      "false with authorizer=iam: a browser can't sign requests as IAM wants them",
    )
  }
  return asked === undefined ? kind !== 'iam' : asked === 'true'
}

/** @throws InvalidContextError where there is a domain for a UI that is not deployed */
export function noWebDomain(context: Context): undefined {
  for (const key of ['webDomain', 'webCertificateArn'] as const) {
    const value = context.raw(key)
    if (value !== undefined) throw new InvalidContextError(key, value, 'given where the browser UI is deployed')
  }
  return undefined
}

/**
 * A domain of one's own, and its certificate.
 * @param region where the certificate must be; whichever the stack's is, where absent
 * @throws InvalidContextError for one without the other
 */
export function readDomain(
  context: Context,
  nameKey: 'domain' | 'webDomain',
  certificateKey: 'certificateArn' | 'webCertificateArn',
  region?: string,
): DomainConfig | undefined {
  const isDomain = (value: string) => /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(value)
  const isCertificate = (value: string) => {
    const found = /^arn:aws[a-z-]*:acm:([a-z0-9-]+):\d{12}:certificate\/[a-zA-Z0-9-]+$/.exec(value)
    return found !== null && (region === undefined || found[1] === region)
  }
  const name = context.text(nameKey, isDomain, 'a host name such as tsdb.example.com')
  const where = region === undefined ? '' : ` in ${region}`
  const certificateArn = context.text(certificateKey, isCertificate, `an ACM certificate's ARN${where}`)
  if (name === undefined && certificateArn === undefined) return undefined
  if (certificateArn === undefined)
    throw new InvalidContextError(nameKey, name, `given together with ${certificateKey}`)
  if (name === undefined)
    throw new InvalidContextError(certificateKey, certificateArn, `given together with ${nameKey}`)
  return { name, certificateArn }
}
