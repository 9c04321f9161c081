import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A telnet client: what it sent and what it was told. */
export class TelnetClient {
  readonly socket: Socket
  /** All that came back so far. */
  text = ''

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('utf8').on('data', (piece) => {
      this.text += piece
    })
    socket.on('error', () => undefined)
  }

  static async open(port: number): Promise<TelnetClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new TelnetClient(socket)
  }

  send(text: string): this {
    this.socket.write(text)
    return this
  }

  /** Says that nothing more comes. @returns all that came back, once the server has closed too */
  async end(): Promise<string> {
    if (!this.socket.closed) {
      this.socket.end()
      await once(this.socket, 'close')
    }
    return this.text
  }
}

/** Sends pieces as packets of their own, and says that nothing more comes. @returns what came back until the server closed */
export async function telnet(port: number, ...packets: readonly string[]): Promise<string> {
  const client = await TelnetClient.open(port)
  for (const packet of packets) {
    client.send(packet)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return client.end()
}
