/**
 * A join of two streams: the same card is used in two cities within ten minutes; and distinct leaves out what comes twice.
 */
import { rm } from 'node:fs/promises'
import { json, JoinWindows, minutes, openLog, startStreams, string, StreamsBuilder, topic } from 'millrace'

interface Payment {
  readonly id: string
  readonly city: string
}

const payments = topic('payments', { key: string(), value: json<Payment>() })
const alarms = topic('alarms', { key: string(), value: string() })

const builder = new StreamsBuilder()
// A terminal that gets no answer sends its payment again.
const once = builder.stream(payments).distinct({ id: ({ value }) => value.id, within: minutes(60) })
once
  .join(once, (earlier, later) => ({ earlier, later }), {
    window: JoinWindows.of({ before: 0, after: minutes(10), grace: minutes(1) }),
    value: json<Payment>(),
    otherValue: json<Payment>(),
  })
  .filter(({ value: { earlier, later } }) => earlier.city !== later.city)
  .mapValues(({ value: { earlier, later } }) => `${earlier.city}, then ${later.city}`)
  .to(alarms)

const dir = './data/fraud'
await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
await using log = await openLog(dir)
const used = (minute: number, card: string, id: string, city: string) => ({
  key: card,
  value: { id, city },
  timestamp: minutes(minute),
})
await log
  .producer()
  .sendMany(payments, [
    used(0, 'card-1', 'p1', 'Lisbon'),
    used(2, 'card-2', 'p2', 'Oslo'),
    used(2, 'card-2', 'p2', 'Oslo'),
    used(5, 'card-1', 'p3', 'Riga'),
    used(30, 'card-1', 'p4', 'Lisbon'),
  ])

await using app = await startStreams(builder.build(), { log, applicationId: 'fraud', until: 'end' })
await app.stopped
for await (const { key, value } of log.read(alarms, { follow: false })) console.log(`${key}: ${value}`)
