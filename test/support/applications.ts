// Applications that close themselves, and ways to wait for them without a clock.
import { type Application, type Log, startStreams, type StreamsOptions, type Topology } from 'millrace'
import { onTestFinished } from 'vitest'

/** Starts an application; it is closed when the running test is over, and its failure alone does not end the process. */
export async function start(
  log: Log,
  topology: Topology,
  options: Omit<StreamsOptions, 'log' | 'applicationId'> & { readonly applicationId?: string } = {},
): Promise<Application> {
  const app = await startStreams(topology, { log, applicationId: 'app', ...options })
  const stopped = app.stopped.catch(() => undefined) // a test that is about the failure looks at `stopped` itself
  onTestFinished(async () => {
    await app.close().catch(() => undefined) // the same
    await stopped
  })
  return app
}

/** Lets the event loop go round. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** Waits for something that must come true; that it does not is a test that runs out of time. */
export async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await met())) await turns(1)
}
