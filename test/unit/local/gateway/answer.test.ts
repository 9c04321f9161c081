import { expect, test } from 'vitest'
import { answerOf, GATEWAY_ANSWERS, LAMBDA_PAYLOAD_BYTES } from '../../../../local/gateway/answer.ts'

test('a value without a status is a 200 with the value as JSON', () => {
  expect(answerOf('"Hello"')).toEqual({ status: 200, headers: [['content-type', 'application/json']], body: '"Hello"' })
  expect(answerOf('{"a":1}').body).toBe('{"a":1}')
})

test('status, headers, cookies and body are taken over', () => {
  const payload = {
    statusCode: 201,
    headers: { 'Content-Type': 'text/csv', 'X-N': 5 },
    cookies: ['a=1', 'b=2'],
    body: 'x',
  }
  expect(answerOf(JSON.stringify(payload))).toEqual({
    status: 201,
    headers: [
      ['content-type', 'text/csv'],
      ['x-n', '5'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
    body: 'x',
  })
})

test('a base64 body goes out as bytes', () => {
  expect(answerOf('{"statusCode":200,"body":"AP8=","isBase64Encoded":true}').body).toEqual(Buffer.from([0, 255]))
})

test('a body without a type is plain text, and no body needs none', () => {
  expect(answerOf('{"statusCode":200,"body":"x"}').headers).toEqual([['content-type', 'text/plain;charset=UTF-8']])
  expect(answerOf('{"statusCode":204}').headers).toEqual([])
})

test('a length or connection header of the function does not reach the client', () => {
  expect(answerOf('{"statusCode":204,"headers":{"Content-Length":"99","Connection":"close"}}').headers).toEqual([])
})

test.each([
  '{"statusCode":"many"}',
  '{"statusCode":99}',
  '{"statusCode":200,"body":{}}',
  '{"statusCode":200,"headers":{"a":{}}}',
])("%s is not an answer, and so the gateway's own 500", (payload) => {
  expect(answerOf(payload)).toBe(GATEWAY_ANSWERS.internalError)
})

test('an answer larger than Lambda allows is a 500', () => {
  const fits = JSON.stringify({ statusCode: 200, body: '' }).length
  const payload = (bytes: number) => JSON.stringify({ statusCode: 200, body: 'x'.repeat(bytes - fits) })
  expect(answerOf(payload(LAMBDA_PAYLOAD_BYTES)).status).toBe(200)
  expect(answerOf(payload(LAMBDA_PAYLOAD_BYTES + 1)).status).toBe(500)
})

test('a long body beside the answer is as good as one within, and counts as much', () => {
  const text = '{"é":"€\\"\n\u0001"}'
  const payload = '{"statusCode":200,"headers":{"content-type":"application/json"}}'
  const within = answerOf(JSON.stringify({ ...JSON.parse(payload), body: text }))
  const { body, ...beside } = answerOf(payload, Buffer.from(text))
  expect({ ...beside, body: body.toString() }).toEqual(within)
  const sizes = (unit: string) => {
    const room = LAMBDA_PAYLOAD_BYTES - JSON.stringify({ statusCode: 200, body: '' }).length
    const most = unit.repeat(Math.floor(room / Buffer.byteLength(JSON.stringify(unit).slice(1, -1))))
    return [most, `${most}${unit}`]
  }
  for (const unit of ['"', 'é']) {
    const statuses = sizes(unit).map((long) => answerOf('{"statusCode":200}', Buffer.from(long)).status)
    expect(statuses, unit).toEqual([200, 500])
  }
})
