// Runs a version of the application until it is killed or has to stop: the live one, or one beside it by a replay, which does what it
// is told. Says `begun`, `did …` or `refused CODE …` for each order, and `stopped CODE` when something has stopped it.
import {
  MillraceError,
  openLog,
  replay,
  type Replay,
  startStreams,
  type SwitchOutputs,
  type SwitchReset,
} from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { downstreamId } from '../downstream.ts'
import { applicationId, versioned } from '../versioned.ts'
import { fencedExitCode } from './counter.ts'

export interface VersionCommand {
  readonly role: 'version'
  readonly dir: string
  readonly version: string
  /** Undefined: as the live one. */
  readonly from: 'beginning' | 'live' | undefined
  readonly everyRecords: number
  /** Whether the application has calls. */
  readonly asks: boolean
}

export async function runVersion(command: VersionCommand, input: AsyncIterator<string>): Promise<void> {
  const { dir, version, from, everyRecords, asks } = command
  const log = await openLog(dir)
  const options = { log, applicationId, version, commit: { everyRecords } }
  say('opened')
  try {
    if (from === undefined) {
      const app = await startStreams(versioned(version, asks), options)
      say('begun')
      void obey(input, (order) => (order === 'close' ? app.close() : undefined))
      await app.stopped
    } else {
      const beside = await replay(versioned(version, asks), { ...options, from, effects: 'run' })
      say('begun')
      void obey(input, (order) => act(beside, order))
      await beside.stopped
    }
    say('stopped closed')
  } catch (error) {
    const code = codeOf(error)
    say(`stopped ${code}`)
    process.exitCode = stops.has(code) ? fencedExitCode : 1
    if (!stops.has(code)) console.error(error)
  }
  await log.close()
  process.exit()
}

const stops = new Set(['fenced', 'superseded', 'application_deleted', 'version_unknown'])

async function act(beside: Replay, order: string): Promise<unknown> {
  const [word, outputs, startingOver = ''] = order.split(' ')
  if (word === 'pause') return beside.pause()
  if (word === 'resume') return beside.resume()
  if (word === 'close') return beside.close()
  if (word === 'cancel') return beside.cancel()
  if (word === 'look') return beside.progress().lag
  return beside.switch({ outputs: outputs as SwitchOutputs, patienceMs: 10_000, reset: resetOf(startingOver) })
}

/** Which application starts over with a switch: that it is `left`, or that its outputs are `kept` or `emptied`. */
export function resetOf(startingOver: string): readonly SwitchReset[] {
  if (startingOver === 'left') return []
  return [{ applicationId: downstreamId, outputs: startingOver === 'emptied' ? 'empty' : 'keep' }]
}

/** Does one thing after another, and says how each has ended. `stop` is SIGSTOP. */
export async function obey(input: AsyncIterator<string>, act: (order: string) => unknown): Promise<void> {
  for (let next = await input.next(); next.done !== true; next = await input.next()) {
    const order = next.value
    if (order === 'stop') {
      process.kill(process.pid, 'SIGSTOP')
      continue
    }
    try {
      const answer = await act(order)
      say(`did ${order} ${JSON.stringify(answer ?? null)}`)
    } catch (error) {
      say(`refused ${codeOf(error)} ${order}: ${error instanceof Error ? error.message.replaceAll('\n', ' ') : ''}`)
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof MillraceError ? error.code : String(error)
}
