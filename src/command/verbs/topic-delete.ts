/**
 * `millrace topic delete TOPIC…`: deletes topics with their records, for good.
 */
import { shownBytes } from '../../inspect/amounts.ts'
import { counted } from '../../inspect/counts.ts'
import { flag, several, yes } from '../options.ts'
import { readersOf } from '../../inspect/topic-readers.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'Running applications and readers of a deleted topic fail. All topics must exist, or nothing is deleted.',
  arguments: { topics: several('their names') },
  options: {
    yes,
    ifExists: flag('--if-exists', 'pass over topics that do not exist'),
  },
  examples: [
    { does: 'Says what would be deleted, and asks', line: 'millrace topic delete raw --yes' },
    { does: 'In a script', line: 'millrace topic delete raw scratch --if-exists --yes' },
  ],
  async run({ topics, yes: isYes, ifExists }, { openLog, agree, out, say }) {
    const log = await openLog('write')
    const known = new Set((await log.admin.listTopics({ hidden: true })).map(({ name }) => name))
    const names = [...new Set(topics)].filter((name) => !ifExists || known.has(name))
    const plan: string[] = []
    for (const name of names) {
      const [size] = await log.admin.logSizes([name])
      const readers = (await readersOf(log, name)).map((reader) => `${reader.kind} ${reader.name}`)
      const readBy = readers.length === 0 ? '' : `, read by ${readers.join(', ')}`
      plan.push(`topic ${name}: ${counted(size?.records ?? 0, 'record')}, ${shownBytes(size?.bytes ?? 0)}${readBy}`)
    }
    if (names.length === 0) return say('none of these topics exists')
    await agree(plan, `Delete ${names.length === 1 ? 'it' : 'them'} for good?`, isYes)
    for (const name of names) {
      await log.admin.deleteTopic(name)
      if (out.isJson) await out.facts({ topic: name, deleted: true }, [])
      else say(`deleted topic ${name}`)
    }
  },
})
