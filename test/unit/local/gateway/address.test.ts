import { expect, test } from 'vitest'
import { isLoopback, reachable } from '../../../../local/gateway/address.ts'

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['192.0.2.1', false],
  ['fe80::1', false],
  ['localhost.example.org', false],
  ['127.0.0.1.example.org', false],
  ['', false],
])('%j is reached by this machine alone: %s', (host, own) => expect(isLoopback(host)).toBe(own))

test.each([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '[::1]'],
  ['::1', '[::1]'],
  ['192.0.2.1', '192.0.2.1'],
  ['localhost', 'localhost'],
])('a URL names %s as %s', (host, named) => expect(reachable(host)).toBe(named))
