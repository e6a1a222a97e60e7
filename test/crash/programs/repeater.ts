// Appends rounds as batches that carry their sequence numbers, as a client of another process would, until it is killed; the next one
// repeats what may or may not be there. Says `repeated ROUND` for a batch that was there, and `acked ROUND PLACE…`.
import { setTimeout as sleep } from 'node:timers/promises'
import { BatchBuilder } from '../../../src/log/format/batch.ts'
import { sealBatch, stampProducer } from '../../../src/log/format/header.ts'
import { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { Environment } from '../../../src/storage/environment.ts'
import { say } from '../../support/say.ts'
import { Random } from '../random.ts'
import { keyOf, left, type Part, partsOf, placeOf } from '../rounds.ts'
import { stopWhenTold } from './stopping.ts'

export interface RepeatCommand {
  readonly role: 'repeater'
  readonly dir: string
  readonly producer: string
  readonly firstRound: number
  readonly pauseMs: number
}

/** Far from those that the log gives away. */
const producerId = 2 ** 40

export async function repeatRounds(command: RepeatCommand, input: AsyncIterator<string>): Promise<void> {
  const { dir, producer, firstRound, pauseMs } = command
  stopWhenTold(input)
  const random = new Random(process.pid)
  const log = new EmbeddedLog(Environment.openNow(dir))
  const [{ id: topicId } = { id: -1 }] = log.ensureTopics([left])
  const partition = { topic: left.name, topicId, partition: 0 }
  let sequence = 0
  for (let round = 0; round < firstRound; round++) sequence += partsOf(producer, round).length
  for (let round = firstRound; ; round++) {
    const parts = partsOf(producer, round)
    const batch = batchOf(parts, sequence)
    const { baseOffset, isRepeated } = log.environment.write((transaction) =>
      log.producers.appendStamped(transaction, partition, batch, Date.now()),
    )
    if (isRepeated) say(`repeated ${round}`)
    say(`acked ${round} ${parts.map(({ index }) => placeOf(left.name, 0, baseOffset + index)).join(' ')}`)
    sequence += parts.length
    await sleep(random.int(0, pauseMs))
  }
}

function batchOf(parts: readonly Part[], sequence: number): Buffer {
  const builder = new BatchBuilder()
  for (const part of parts) {
    const key = Buffer.from(left.key.encode(keyOf(part)))
    const source = Buffer.concat([key, left.value.encode(part)])
    builder.append(part.round, source, 0, key.length, key.length, source.length, [])
  }
  const batch = builder.build()
  stampProducer(batch, { producerId, epoch: 0, sequence })
  sealBatch(batch)
  return batch
}
