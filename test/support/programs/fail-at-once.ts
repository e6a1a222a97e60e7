// An application that fails at its first record, with somebody who looks at it or without; tells how it goes on.
import { openLog, startStreams, StreamsBuilder, string, topic } from '../../../src/index.ts'

const [dir = '', listener = ''] = process.argv.slice(2)
const input = topic('input', { key: string(), value: string() })
const builder = new StreamsBuilder()
builder.stream(input).foreach(() => {
  throw new Error('not this one')
})

const log = await openLog(dir)
await log.producer().send(input, { key: 'a', value: 'x' })
const app = await startStreams(builder.build(), { log, applicationId: 'app' })
console.log('started')

const hear = ({ code }: { readonly code?: string }): void => console.log(`heard ${code}`)
if (listener === 'stopped') app.stopped.catch(hear)
if (listener === 'caughtUp') app.caughtUp().catch(hear)
while (app.state === 'running') await new Promise(setImmediate)
await new Promise(setImmediate)
console.log('still alive')
await app.close()
await log.close()
