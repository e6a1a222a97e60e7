// Replays that close themselves.
import { type Log, type Replay, replay, type ReplayOptions, type Topology } from 'millrace'
import { onTestFinished } from 'vitest'

/** Begins a version beside the live one, or goes on with it; it is closed when the running test is over. */
export async function startReplay(
  log: Log,
  topology: Topology,
  options: Partial<Omit<ReplayOptions, 'log'>> = {},
): Promise<Replay> {
  const version = await replay(topology, { log, applicationId: 'app', version: 'v2', ...options })
  const stopped = version.stopped.catch(() => undefined) // a test that is about the failure looks at `stopped` itself
  onTestFinished(async () => {
    await version.close().catch(() => undefined) // the same
    await stopped
  })
  return version
}

/** The topic that v2 of `app` writes instead of another. */
export const beside = (topic: string, version: string = 'v2'): string => `${topic}@app@${version}`
