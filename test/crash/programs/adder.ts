// Runs the application that reads the results of another one, until it is killed or told to `close`. Says `begun`.
import { openLog, startStreams } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { downstream, downstreamId } from '../downstream.ts'
import { obey } from './version-runner.ts'

export interface AddCommand {
  readonly role: 'adder'
  readonly dir: string
  readonly everyRecords: number
}

export async function addUntilKilled({ dir, everyRecords }: AddCommand, input: AsyncIterator<string>): Promise<void> {
  const log = await openLog(dir)
  const app = await startStreams(downstream(), { log, applicationId: downstreamId, commit: { everyRecords } })
  say('begun')
  void obey(input, () => app.close())
  await app.stopped
  await log.close()
  process.exit()
}
