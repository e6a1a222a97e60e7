// A directory as a cluster: every client opens it anew, as a process of its own does.
import { type Log, ManualClock, days, openLog } from 'millrace'
import { ProcessClock } from '../../support/process-clock.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import type { Cluster, Implementation } from './implementation.ts'

async function startDirectory(): Promise<Cluster> {
  const dir = temporaryDirectory()
  const clock = new ManualClock(days(20_000))
  const clients = new Map<Log, ProcessClock>()
  return {
    clock,
    async connect() {
      const own = new ProcessClock(clock)
      const log = await openLog(dir, { clock: own, maintenance: false })
      clients.set(log, own)
      return log
    },
    crash(client) {
      const own = clients.get(client)
      if (own === undefined) throw new Error('this client is not of this cluster')
      own.isStopped = true
    },
    async close() {
      for (const client of clients.keys()) await client.close()
    },
  }
}

export const embedded: Implementation = { name: 'a directory', start: startDirectory }
