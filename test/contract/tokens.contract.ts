import { describe, expect, it } from 'vitest'
import { BadTokenError } from '../../lib/access/errors.ts'
import { formatToken, newToken, parseToken } from '../../lib/access/token.ts'
import { type TokenRequest, TokenStore } from '../../lib/access/tokens.ts'
import { CorruptDataError } from '../../lib/model/errors.ts'
import { type Consumed, Dynamo, keyOf, openClient } from '../../lib/store/dynamo.ts'
import { tokenKey } from '../../lib/store/keys.ts'
import { type RunningDynamo, TABLES } from '../helpers/dynamo.ts'
import { useStores } from './stores.ts'

const NOW = 1_356_998_425
const DAY = 86_400
const REQUEST: TokenRequest = { name: 'collectors', scopes: ['put'], prefixes: [], expiresAt: undefined }

/**
 * What tokens promise, whatever DynamoDB is behind them.
 * @param start starts one with the four empty tables
 */
export function tokensContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`Tokens on ${name}`, () => {
    const { endpoint } = useStores(start)
    const open = (nowS: () => number = () => NOW) => {
      const consumed: Consumed[] = []
      const dynamo = new Dynamo({
        client: openClient(endpoint()),
        retry: { deadlineMs: 10_000 },
        onConsumed: (one) => consumed.push(one),
      })
      return { tokens: new TokenStore(dynamo, TABLES.meta, () => nowS() * 1000), consumed, dynamo }
    }

    it('are found by their whole text, and say what they were made for', async () => {
      const { tokens } = open()
      const request: TokenRequest = {
        name: 'Grafana, main',
        scopes: ['query', 'admin'],
        prefixes: ['sys.', 'app.web'],
        expiresAt: NOW + 60,
      }
      const { token, text } = await tokens.create(request)
      expect(await tokens.find(text)).toEqual(token)
      expect(token).toMatchObject({ ...request, createdAt: NOW, revokedAt: undefined, lastUsedDay: undefined })
      expect(await tokens.list()).toContainEqual(token)
    })

    it('are not found by their id with another secret, nor by a secret under another id, nor by what is no token', async () => {
      const { tokens } = open()
      const { text } = await tokens.create(REQUEST)
      const { id, secret } = parseToken(text) ?? newToken()
      for (const wrong of [
        formatToken({ id, secret: newToken().secret }),
        formatToken({ id: newToken().id, secret }),
        id,
        '',
      ]) {
        expect(await tokens.find(wrong)).toBeUndefined()
      }
      expect(await tokens.find(text)).toBeDefined()
    })

    it('are refused where their list of prefixes is lost, and not taken for unlimited', async () => {
      const { tokens, dynamo } = open()
      const { text, token } = await tokens.create({ ...REQUEST, prefixes: ['sys.'] })
      await dynamo.update({
        TableName: TABLES.meta,
        Key: keyOf(tokenKey(token.id)),
        UpdateExpression: 'REMOVE prefixes',
        ReturnValues: 'ALL_NEW',
      })
      await expect(tokens.find(text)).rejects.toThrow(CorruptDataError)
      // Others list what there is.
      await dynamo.delete({ TableName: TABLES.meta, Key: keyOf(tokenKey(token.id)) })
    })

    it('are worth nothing from the second on at which they expire', async () => {
      let now = NOW
      const { tokens } = open(() => now)
      const { text } = await tokens.create({ ...REQUEST, expiresAt: NOW + 10 })
      now = NOW + 9
      expect(await tokens.find(text)).toBeDefined()
      now = NOW + 10
      expect(await tokens.find(text)).toBeUndefined()
    })

    it('are worth nothing once they are revoked, and are still listed', async () => {
      const { tokens } = open()
      const { token, text } = await tokens.create(REQUEST)
      expect(await tokens.revoke(token.id)).toBe(true)
      expect(await tokens.find(text)).toBeUndefined()
      expect(await tokens.revoke(token.id)).toBe(false)
      expect(await tokens.revoke(newToken().id)).toBe(false)
      expect((await tokens.list()).find(({ id }) => id === token.id)).toMatchObject({ revokedAt: NOW })
    })

    it('remember the day of their last use, with one write a day', async () => {
      let now = NOW
      const { tokens, consumed } = open(() => now)
      const { text } = await tokens.create(REQUEST)
      const use = async () => {
        const token = await tokens.find(text)
        if (token !== undefined) await tokens.noteUse(token)
        return consumed.splice(0).filter(({ operation }) => operation === 'UpdateItem').length
      }
      consumed.splice(0)
      expect([await use(), await use()]).toEqual([1, 0])
      expect((await tokens.find(text))?.lastUsedDay).toBe(NOW - (NOW % DAY))
      now = NOW + DAY
      expect([await use(), await use()]).toEqual([1, 0])
      expect((await tokens.find(text))?.lastUsedDay).toBe(now - (now % DAY))
    })

    it('note their use once where several do so at the same time, and never after they are gone', async () => {
      const { tokens } = open()
      const { token, text } = await tokens.create(REQUEST)
      await Promise.all([1, 2, 3].map(() => tokens.noteUse(token)))
      expect((await tokens.find(text))?.lastUsedDay).toBe(NOW - (NOW % DAY))
      const gone = newToken().id
      await tokens.noteUse({ ...token, id: gone })
      expect((await tokens.list()).map(({ id }) => id)).not.toContain(gone)
    })

    it.each([
      ['name', { name: '' }],
      ['name', { name: ' x' }],
      ['name', { name: 'a\nb' }],
      ['name', { name: 'x'.repeat(65) }],
      ['scopes', { scopes: [] }],
      ['prefixes', { prefixes: ['sys.', ''] }],
      ['prefixes', { prefixes: ['a,b'] }],
      ['prefixes', { prefixes: ['x'.repeat(129)] }],
      ['prefixes', { prefixes: Array.from({ length: 17 }, (_, i) => `p${i}`) }],
      ['expiry', { expiresAt: NOW }],
    ])('have rules for their %s: %j is refused', async (field, change) => {
      const { tokens } = open()
      const made = tokens.create({ ...REQUEST, ...change })
      await expect(made).rejects.toThrow(BadTokenError)
      await expect(made).rejects.toThrow(`A token's ${field} must be`)
    })
  })
}
