// Importers, counters and readers of an application, against a naive model of it: checks.ts says what must hold.
import { Episode } from '../episode.ts'
import type { Plan } from '../input.ts'
import type { Subject } from '../subject.ts'

export const application: Subject = {
  name: 'application',
  async run({ dir, random, crew, tally, report }) {
    const mode = random.pick(['complete', 'live'] as const)
    const plan: Plan = { seed: random.int(0, 2 ** 31), records: random.int(1_000, 2_500), mode }
    const kills = random.int(20, 60)
    for (const violation of await new Episode({ plan, dir, kills, random, crew, tally }).run()) report(violation)
  },
}
