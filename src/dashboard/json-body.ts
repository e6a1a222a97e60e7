/**
 * What comes with a request for a change: JSON, of a bounded size.
 *
 * A form of another site can send text that looks like JSON, but not under the type of it: a browser asks first whether
 * it may, and is told no.
 */
import type { IncomingMessage } from 'node:http'
import { Refusal } from './reply.ts'
import type { Body } from './router.ts'

/** As much as a record may be edited to, and more than a list of letters takes. */
const bodyBytesMax = 1_024 * 1_024

/** @throws Refusal for what is no JSON object, or too large */
export async function jsonBodyOf(request: IncomingMessage): Promise<Body> {
  const { headers } = request
  const isJson = /^application\/json(?: *; *charset=utf-8)?$/i.test(headers['content-type'] ?? '')
  if (!isJson || headers['content-encoding'] !== undefined) {
    throw new Refusal(415, 'type_refused', 'a change needs the content type application/json')
  }
  if (Number(headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge()
  return parsed(await bytesOf(request))
}

/** Leaving the request while it is read would end its connection, without the answer. */
function bytesOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let parts: Buffer[] = []
    let bytes = 0
    request.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes <= bodyBytesMax) return void parts.push(part)
      parts = []
      reject(tooLarge())
    })
    request.on('end', () => resolve(Buffer.concat(parts)))
    request.on('error', reject) // it has gone meanwhile
  })
}

function tooLarge(): Refusal {
  return new Refusal(413, 'too_large', `the body of a change has at most ${bodyBytesMax} bytes`)
}

function parsed(bytes: Buffer): Body {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch {
    throw new Refusal(400, 'bad_option', 'the body is not JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Body
  throw new Refusal(400, 'bad_option', 'the body is JSON, but not an object')
}
