/**
 * What the records of an output come to, so that two programs can be compared: each record counts with its bytes and
 * its time, in whatever order they were written.
 */
import { crc32c } from '@node-rs/crc32'

const nothing = Buffer.from('no value')
const sumMax = 2 ** 48

export class Fingerprint {
  #records = 0
  #sum = 0

  add(key: Uint8Array, timestamp: number, value: Uint8Array | null): void {
    this.#records++
    const seal = crc32c(value ?? nothing, crc32c(key, timestamp >>> 0))
    this.#sum = (this.#sum + seal) % sumMax
  }

  toString(): string {
    return `${this.#records} records, ${this.#sum}`
  }
}
