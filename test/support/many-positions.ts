// An application that reads very many partitions, made without running one: its positions are written as a commit would.
import { type Log, string, topic } from 'millrace'
import { vi } from 'vitest'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import type { Environment } from '../../src/storage/environment.ts'
import { start } from './applications.ts'
import { openTestLog } from './open.ts'
import { topologyOf } from './topology.ts'

export const partitionsOfTopic = 1_000
const first = topic('wide-0', { key: string(), value: string(), partitions: partitionsOfTopic })

export class ManyPositions {
  readonly log: Log
  readonly embedded: EmbeddedLog
  readonly environment: Environment

  private constructor({ log, embedded, environment }: ReturnType<typeof openTestLog>) {
    this.log = log
    this.embedded = embedded
    this.environment = environment
  }

  /**
   * The application `app`, with a position in as many partitions and in one more of its own topic, and the group
   * `group`, with the same ones.
   *
   * @param records in the first partition, none of which is read
   */
  static async of(positions: number, records: number = 0, options: Parameters<typeof openTestLog>[1] = {}) {
    const many = new ManyPositions(openTestLog(undefined, options))
    const { log, embedded, environment } = many
    const own = topic('own', { key: string(), value: string() })
    const topology = topologyOf((builder) => builder.stream(own).filter(() => false))
    await (await start(log, topology)).close()
    for (let at = 0; at * partitionsOfTopic < positions; at++) {
      await log.admin.createTopic({ name: `wide-${at}`, partitions: partitionsOfTopic })
    }
    environment.write((transaction) => {
      for (let at = 0; at < positions; at++) {
        const { id } = embedded.topics.describe(`wide-${Math.floor(at / partitionsOfTopic)}`)
        const partition = { topicId: id, partition: at % partitionsOfTopic }
        for (const name of ['app', 'group']) {
          embedded.positions.put(transaction, name, partition, { offset: 0, committedMs: 1, metadata: '' })
        }
      }
    })
    if (records > 0) {
      const sent = Array.from({ length: records }, (_, at) => ({ key: 'k', value: 'v', timestamp: at, partition: 0 }))
      await log.producer().sendMany(first, sent)
    }
    return many
  }

  get topicId(): number {
    return this.embedded.topics.describe(first.name).id
  }

  /** Commits another position in the first topic. */
  move(partition: number, offset: number): void {
    this.environment.write((transaction) => {
      const at = { topicId: this.topicId, partition }
      this.embedded.positions.put(transaction, 'app', at, { offset, committedMs: 2, metadata: '' })
    })
  }

  /** The most rows of partitions that are read before the event loop goes on. */
  async readsAtOnce(look: () => Promise<unknown>): Promise<number> {
    const reads = vi.spyOn(this.embedded.partitions, 'find')
    let [most, isOver] = [0, false]
    const round = (): void => {
      most = Math.max(most, reads.mock.calls.length)
      reads.mockClear()
      if (!isOver) setImmediate(round)
    }
    round()
    await look()
    isOver = true
    round()
    reads.mockRestore()
    return most
  }
}
