// Application "clicks" in the directory given: it commits what comes before the value "hang", and never comes back from
// that one, by a loop, by a wait of the thread or by a call that is not answered. Its time is the one that is given, and goes
// on by two minutes for each line that it can read; the line `stop` makes it stop itself (SIGSTOP): between two commits.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { ManualClock, minutes, openLog, startStreams, StreamsBuilder, string, topic } from '../../../src/index.ts'
import { words } from '../topics.ts'

const [dir = '', manner = '', nowMs = ''] = process.argv.slice(2)
const heard = topic('heard', { key: string(), value: string() })

const silent = createServer(() => undefined)
silent.listen(0, '127.0.0.1')
await once(silent, 'listening')
const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`

const builder = new StreamsBuilder()
const source = builder.stream(words)
if (manner === 'call') {
  source
    .mapAsync(
      async ({ value }, { signal }) => {
        if (value !== 'hang') return value
        console.log('hanging')
        return (await fetch(address, { signal })).text()
      },
      { concurrency: 1, timeoutMs: minutes(60), name: 'rate' },
    )
    .to(heard)
} else {
  source
    .mapValues(({ value }) => {
      if (value !== 'hang') return value
      console.log('hanging')
      if (manner === 'wait') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      for (;;);
    })
    .to(heard)
}

const clock = new ManualClock(Number(nowMs))
const log = await openLog(dir, { clock, maintenance: false })
await startStreams(builder.build(), { log, applicationId: 'clicks' })
console.log('started')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') {
    process.kill(process.pid, 'SIGSTOP')
    continue
  }
  clock.advance(minutes(2))
  console.log('later')
}
