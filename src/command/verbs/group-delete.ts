/**
 * `millrace group delete GROUP…`: forgets groups without members, with their positions.
 */
import { counted, sum } from '../../inspect/counts.ts'
import { several, yes } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'All groups must exist, or nothing is deleted. An application is deleted by "millrace app delete".',
  arguments: { groups: several('their names') },
  options: { yes },
  examples: [
    { does: 'Says what would be forgotten, and asks', line: 'millrace group delete billing --yes' },
    { does: 'For a program', line: 'millrace group delete billing --yes --json' },
  ],
  async run({ groups, yes: isYes }, { openLog, agree, out, say }) {
    const { admin } = await openLog('write')
    const names = [...new Set(groups)]
    const plan: string[] = []
    for (const name of names) {
      await admin.describeGroup(name)
      const lags = await admin.lag(name)
      plan.push(
        `group ${name}: ${counted(lags.length, 'position')}, ${sum(lags, ({ records }) => records)} records not read`,
      )
    }
    await agree(plan, `Forget ${names.length === 1 ? 'it' : 'them'} for good?`, isYes)
    for (const name of names) {
      await admin.deleteGroup(name)
      if (out.isJson) await out.facts({ group: name, deleted: true }, [])
      else say(`deleted group ${name}`)
    }
  },
})
