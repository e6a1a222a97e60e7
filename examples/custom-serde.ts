/**
 * A serde of your own: sensor readings in four bytes. What does not decode becomes a dead letter.
 */
import { rm } from 'node:fs/promises'
import { bytes, keyValueStore, openLog, type Serde, startStreams, string, StreamsBuilder, topic } from 'millrace'

interface Reading {
  readonly celsius: number
  readonly humidity: number
}

/** Tenths of a degree and of a percent, as 16-bit integers. The name is stored: change it when the bytes change. */
const reading: Serde<Reading> = {
  name: 'reading-v1',
  encode({ celsius, humidity }) {
    const out = new DataView(new ArrayBuffer(4))
    out.setInt16(0, Math.round(celsius * 10))
    out.setUint16(2, Math.round(humidity * 10))
    return new Uint8Array(out.buffer)
  },
  decode(encoded) {
    if (encoded.length !== 4) throw new RangeError(`a reading has 4 bytes, not ${encoded.length}`)
    const { buffer, byteOffset } = encoded
    const view = new DataView(buffer, byteOffset)
    return { celsius: view.getInt16(0) / 10, humidity: view.getUint16(2) / 10 }
  },
}

const readings = topic('readings', { key: string(), value: reading })
const hottest = keyValueStore('hottest', { key: string(), value: reading })

const builder = new StreamsBuilder()
builder
  .stream(readings)
  .groupByKey()
  .reduce((a, b) => (b.celsius > a.celsius ? b : a), { store: hottest })

const dir = './data/custom-serde'
await rm(dir, { recursive: true, force: true }) // so that every run prints the same; a real program keeps its log
await using log = await openLog(dir)
const producer = log.producer()
await producer.sendMany(readings, [
  { key: 'kitchen', value: { celsius: 21.5, humidity: 40 } },
  { key: 'cellar', value: { celsius: -0.5, humidity: 71.2 } },
  { key: 'kitchen', value: { celsius: 24.1, humidity: 38.5 } },
])
const rawReadings = topic(readings.name, { key: string(), value: bytes() })
await producer.send(rawReadings, { key: 'cellar', value: Uint8Array.of(1, 2, 3) })

await using app = await startStreams(builder.build(), { log, applicationId: 'climate', onError: 'deadLetter' })
await app.caughtUp()
for (const { key, value } of app.store(hottest).range()) console.log(key, value)

const deadLetters = topic('climate.dead-letters', { key: string(), value: bytes() })
for await (const { key, value } of log.read(deadLetters)) console.log('dead letter', key, value)
