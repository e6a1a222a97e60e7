/**
 * The output topic of a loop by hand: records as millrace writes them, in one batch for each commit.
 */
import { Fingerprint } from '../fingerprint.ts'
import { Batch } from './batch.ts'
import { Decoder } from './decoder.ts'
import { batchKey, type Tables } from './tables.ts'

const outputTopic = 10

export class OutputsByHand {
  readonly #batch = new Batch()
  readonly #value = Buffer.alloc(8)
  #offset = 0

  constructor() {
    this.#value[0] = 0x80 // as int64() writes numbers from 0 on
  }

  /** @param value below 2^32; null: the row of the key is gone */
  add(key: Uint8Array, timestamp: number, value: number | null): void {
    if (value === null) return this.#batch.addBytes(key, timestamp, null)
    this.#value.writeUInt32BE(value, 4)
    this.#batch.addBytes(key, timestamp, this.#value)
  }

  /** In the transaction of the commit. */
  write({ log }: Tables): void {
    const { count } = this.#batch
    if (count === 0) return
    log.putSync(batchKey(outputTopic, this.#offset), this.#batch.take(this.#offset))
    this.#offset += count
  }

  /** Of all that was written. */
  fingerprint({ log }: Tables): string {
    const print = new Fingerprint()
    const decoder = new Decoder()
    for (let offset = 0; offset < this.#offset;) {
      offset += decoder.readBytes(
        log,
        outputTopic,
        offset,
        (bytes, keyStart, keyEnd, valueStart, timestamp, valueEnd) => {
          const value = valueEnd < valueStart ? null : bytes.subarray(valueStart, valueEnd)
          print.add(bytes.subarray(keyStart, keyEnd), timestamp, value)
        },
      )
    }
    return print.toString()
  }
}
