// Runs an application that counts every part of the rounds, which are all different, until it is killed. Says `started`.
import { openLog, startStreams } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { echoId, echoing } from '../echoes.ts'

export interface EchoCommand {
  readonly role: 'echoer'
  readonly dir: string
  readonly commitMs: number
}

export async function echoUntilKilled({ dir, commitMs }: EchoCommand): Promise<void> {
  const log = await openLog(dir)
  const app = await startStreams(echoing, { log, applicationId: echoId, commit: { everyMs: commitMs } })
  say('started')
  await app.stopped
}
