import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** A client may take this long to say its first byte. */
const FIRST_BYTE_MS = 60 * 60_000
const [LETTER_A, LETTER_Z] = [0x41, 0x5a]

/**
 * Serves telnet on an HTTP server's port. The first byte tells: HTTP's methods begin with a capital letter, telnet's commands with
 * a small one, as in OpenTSDB.
 * @param server keeps counting and closing all connections
 * @param onTelnet given each connection that is none of HTTP, with its first bytes still to be read
 * @returns closes the connections that have not said a byte yet, which the server's own close would wait for
 */
export function tellTelnetApart(server: Server, onTelnet: (socket: Socket) => void): () => void {
  const silent = new Set<Socket>()
  const acceptHttp = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const onError = () => socket.destroy()
    const onIdle = () => socket.destroy()
    const onClose = () => silent.delete(socket)
    silent.add(socket)
    socket.on('close', onClose)
    socket.on('error', onError)
    socket.setTimeout(FIRST_BYTE_MS, onIdle)
    socket.once('readable', () => {
      const start: Buffer | null = socket.read()
      silent.delete(socket)
      socket.off('close', onClose)
      socket.off('error', onError)
      socket.setTimeout(0, onIdle)
      // the client has hung up without a word
      if (start === null) return void socket.destroy()
      socket.unshift(start)
      const first = start[0] ?? 0
      if (first < LETTER_A || first > LETTER_Z) onTelnet(socket)
      else for (const accept of acceptHttp) accept.call(server, socket)
    })
  })
  return () => {
    for (const socket of silent) socket.destroy()
  }
}
