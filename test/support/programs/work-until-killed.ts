// Waits for a directory and the number of a round, then does round after round until it is killed; tells what is durable.
import { createInterface } from 'node:readline'
import { BatchBuilder } from '../../../src/log/batch.ts'
import { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { Log } from '../../../src/log/log.ts'
import { Environment } from '../../../src/storage/environment.ts'
import { applicationId, left, outputs, partsOf, right, rowKey, storeName } from '../rounds.ts'

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const [firstRound = '0', dir = ''] = String((await input.next()).value).split(' ')

const embedded = new EmbeddedLog(new Environment(dir))
const producer = new Log(embedded).producer({ batchBytes: 4_096 })
const [leftTopic, outputTopic] = embedded.ensureTopics([left, outputs])
if (leftTopic === undefined || outputTopic === undefined) throw new Error('no topics')
const position = { topic: left.name, topicId: leftTopic.id, partition: 0 }
const epoch = embedded.startApplication(applicationId, () => ({ plan: 'plan', positions: [] }))
const [storeId = -1] = embedded.storeIds(applicationId, [storeName])
const builder = new BatchBuilder()

function commit(round: number): void {
  const text = Buffer.from(String(round))
  const appends = [0, 1].map((partition) => {
    builder.append(round, text, -1, -1, 0, text.length, [])
    return { partition: { topic: outputs.name, topicId: outputTopic?.id ?? -1, partition }, batches: [builder.build()] }
  })
  embedded.commit({
    applicationId,
    epoch,
    positions: [{ partition: position, offset: round }],
    appends,
    progress: text,
    writeState: (writer) => writer.put(storeId, 0, rowKey, text),
  })
}

for (let round = Number(firstRound); ; round++) {
  const sends = partsOf(round).map((part) =>
    producer.send(part.index % 2 === 0 ? left : right, {
      key: `${round} ${part.index}`,
      value: part,
      timestamp: round,
    }),
  )
  const places = (await Promise.all(sends)).map(({ partition, offset }) => `${partition}:${offset}`)
  console.log(`sent ${round} ${places.join(' ')}`)
  commit(round)
  console.log(`committed ${round}`)
}
