import { BlockList, isIP, isIPv6 } from 'node:net'

/** RFC 1122, 3.2.1.3, and RFC 4291, 2.5.3. */
const OWN = new BlockList()
OWN.addSubnet('127.0.0.0', 8, 'ipv4')
OWN.addAddress('::1', 'ipv6')

/** Whether nobody but this machine itself reaches an address. Names other than `localhost` are not trusted to be such. */
export function isLoopback(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return host === 'localhost'
  return OWN.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

/** How a URL names an address that is listened on: of all addresses, one. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return isIPv6(host) ? `[${host}]` : host
}

/**
 * Whether the name by which a request asks for this machine is one that nobody elsewhere can have made to lead here. A page whose own
 * name does ("DNS rebinding") passes for one of ours with browsers, but for that name: it is one of the public kind, with a dot.
 * @param host the header Host; undefined: no browser asks
 */
export function isOwnName(host: string | undefined): boolean {
  if (host === undefined) return true
  if (!URL.canParse(`http://${host}`)) return false
  const name = new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost')
}
