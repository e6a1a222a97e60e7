/**
 * `millrace __count-clicks`: the process that the demo of clicks kills. No help lists it.
 */
import { once } from 'node:events'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  examples: [
    { does: 'Counts until its input ends', line: 'millrace __count-clicks --dir ./demo/log' },
    { does: 'Counts what is there', line: 'millrace __count-clicks --dir ./demo/log < /dev/null' },
  ],
  async run(_, { openLog, stdin, signal }) {
    const [{ startStreams }, { applicationId, clickCounts }] = await Promise.all([
      import('../../runtime/start-streams.ts'),
      import('../demo/click-counts.ts'),
    ])
    const log = await openLog('write')
    // Small commits: wherever it is killed, it is in the middle of something.
    await using app = await startStreams(clickCounts(), { log, applicationId, commit: { everyRecords: 200 } })
    if (signal.aborted) return // it was stopped while it started
    await Promise.race([once(stdin().resume(), 'close'), once(signal, 'abort'), app.stopped])
  },
})
