// Appends to a log until that is refused, or as often as it is told, with as many free descriptors as it is told, and says why and what it reads then.
import { closeSync, openSync } from 'node:fs'
import { MillraceError, openLog, string, topic } from '../../../src/index.ts'

const [dir = '', most = 'Infinity', freeDescriptors] = process.argv.slice(2)
const lines = topic('lines', { key: string(), value: string() })
if (freeDescriptors !== undefined) leaveDescriptors(Number(freeDescriptors))
try {
  const log = await openLog(dir, { maintenance: false })
  const producer = log.producer()
  const value = '.'.repeat(900_000)
  let sent = 0
  const sendAll = async (): Promise<string> => {
    try {
      for (; sent < Number(most); sent++) await producer.send(lines, { key: 'a', value })
      return ''
    } catch (error) {
      return told(error)
    }
  }
  const refusal = await sendAll()
  let read = 0
  for await (const record of log.read(lines)) read += record.value.length / value.length
  console.log(JSON.stringify({ refusal, sent, read }))
  await log.close()
} catch (error) {
  console.log(JSON.stringify({ refusal: told(error) }))
}

function told(error: unknown): string {
  return error instanceof MillraceError ? `${error.code} ${error.message}` : `uncoded ${String(error)}`
}

/** Opens files until the system refuses, and closes this many of them. */
function leaveDescriptors(count: number): void {
  const files: number[] = []
  try {
    for (;;) files.push(openSync('/dev/null', 'r'))
  } catch {
    for (const file of files.slice(0, count)) closeSync(file)
  }
}
