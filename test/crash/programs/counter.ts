// Counts until it is killed, fenced or told to close. Says `started` when it has taken over, and `stopped` with the code of
// what stopped it; then it ends by itself.
import { type Application, MillraceError, openLog, startStreams, type StreamsOptions } from '../../../src/index.ts'
import { applicationId } from '../topics.ts'
import { countOrders, type Run } from '../topology.ts'

export interface CountCommand extends Run {
  readonly role: 'counter'
  readonly dir: string
  readonly options: Pick<StreamsOptions, 'commit' | 'stateCacheBytes' | 'maxTaskIdleMs'>
  /** Whether to close when everything that is there now is counted. */
  readonly finish: boolean
}

export async function countUntilKilled(command: CountCommand, input: AsyncIterator<string>): Promise<void> {
  const log = await openLog(command.dir)
  console.log('opened')
  const app = await startStreams(countOrders(command), {
    ...command.options,
    log,
    applicationId,
    onError: 'deadLetter',
  })
  console.log('started')
  void input.next().then(() => app.close())
  try {
    if (command.finish) {
      using _ = tellingHowFar(app)
      await app.caughtUp()
      await app.close()
    }
    await app.stopped
    console.log('stopped closed')
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    console.log(`stopped ${error.code}`)
    process.exitCode = error.code === 'fenced' ? fencedExitCode : 1
  }
  await log.close()
}

/** Says how much is counted, whenever that is more. */
function tellingHowFar(app: Application): Disposable {
  let told = 0
  const timer = setInterval(() => {
    const counted = Object.values(app.metrics().consumed).reduce((sum, count) => sum + count, 0)
    if (counted > told) console.log(`counted ${counted}`)
    told = counted
  }, 1_000)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

export const fencedExitCode = 3
