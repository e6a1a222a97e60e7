// Two processes that append to one log and clean it: nothing is lost that retention and compaction do not take, and the books about
// segments are right.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from '../children.ts'
import { ring, table } from '../cleaned-topics.ts'
import { cleaningViolations } from '../cleaning-checks.ts'
import { OpenedLog } from '../opened.ts'
import { Processes } from '../processes.ts'
import type { Subject } from '../subject.ts'

export const cleaner: Subject = {
  name: 'cleaner',
  async run(context) {
    const { random, tally, report } = context
    const dir = join(context.dir, 'log')
    const processes = new Processes(context)
    const opened = new OpenedLog(dir)
    const acked: Record<string, number> = { table: 0, ring: 0 }

    const start = (isWriter: boolean): Promise<Child> =>
      processes.employ({ role: 'cleaner', dir, seed: random.int(0, 2 ** 31), isWriter }, (word, rest) => {
        if (word === 'cleaned') tally.count('rounds of cleaning')
        if (word !== 'acked') return
        const { topic, end } = JSON.parse(rest) as { readonly topic: string; readonly end: number }
        acked[topic] = end
      })
    const check = async (): Promise<void> => {
      opened.embedded.refresh()
      for (const violation of cleaningViolations(opened.embedded, acked)) report(violation)
      for (const problem of await opened.problems()) report(problem)
      tally.count('checks')
    }

    try {
      await opened.log.admin.createTopic(table)
      await opened.log.admin.createTopic(ring)
      const working = [await start(true), await start(false)]
      for (let steps = random.int(20, 60); steps > 0 && !tally.isOver; steps--) {
        const index = random.int(0, 1)
        await sleep(random.int(1, 150))
        await processes.kill(working[index] as Child)
        await check()
        working[index] = await start(index === 0)
      }
      await processes.dismiss()
      await opened.log.admin.runMaintenance()
      await check()
    } finally {
      await processes.dismiss()
      await opened.log.close()
    }
  },
}
