// Sends round after round until it is killed, each in one flush. Says `acked ROUND PLACE…` when it is durable.
import { setTimeout as sleep } from 'node:timers/promises'
import { openLog, type ProducerOptions } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { Random } from '../random.ts'
import { keyOf, left, partsOf, placeOf, right } from '../rounds.ts'
import { stopWhenTold } from './stopping.ts'

export interface ProduceCommand {
  readonly role: 'producer'
  readonly dir: string
  readonly producer: string
  readonly firstRound: number
  /** The longest pause between two rounds. */
  readonly pauseMs: number
  readonly options: Pick<ProducerOptions, 'batchBytes' | 'compression' | 'lingerMs'>
}

export async function produceRounds(command: ProduceCommand, input: AsyncIterator<string>): Promise<void> {
  const { dir, producer: name, firstRound, pauseMs, options } = command
  stopWhenTold(input)
  const random = new Random(process.pid)
  const log = await openLog(dir)
  const producer = log.producer({ ...options, acks: 'all', idempotent: true })
  for (let round = firstRound; ; round++) {
    const sends = partsOf(name, round).map((part) =>
      producer.send(part.index % 2 === 0 ? left : right, { key: keyOf(part), value: part, timestamp: round }),
    )
    const places = (await Promise.all(sends)).map(({ topic, partition, offset }) => placeOf(topic, partition, offset))
    say(`acked ${round} ${places.join(' ')}`)
    await sleep(random.int(0, pauseMs))
  }
}
