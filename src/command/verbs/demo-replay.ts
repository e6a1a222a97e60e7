/**
 * `millrace demo replay`: a count that was wrong is counted again beside the live one, compared, switched to, and gone
 * back from.
 */
import { showClaims } from '../demo/claims.ts'
import { number, telling, unlessStopped } from '../demo/telling.ts'
import { workplace, workplaceOptions } from '../demo/workplace.ts'
import { declareVerb, type Verb, type VerbContext } from '../verb.ts'

const applicationId = 'page-counts'

export const verb: Verb = declareVerb({
  about:
    'Visits are counted per page and hour, and so are those of a bot. A version that leaves the bot out counts ' +
    'the last day again, beside the live one. Both are compared. The new version takes over and corrects what was ' +
    'written, and then the old one takes over again. At the end, each figure stands beside the same figure ' +
    'counted by hand. Takes a few seconds; ends with 1 if one differs.',
  options: workplaceOptions,
  json: 'One object for each figure: `claim`, `counted`, `byHand`, `holds`.',
  examples: [
    { does: 'A better version, and the way back', line: 'millrace demo replay --utc' },
    {
      does: 'How many counts the bot changed',
      line: `millrace demo replay --json | jq 'select(.claim | test("differ")).counted'`,
    },
  ],
  run: (given, context) => unlessStopped(context, context.signal, () => tellReplay(given, context)),
})

async function tellReplay(
  { dir, keep }: { readonly dir: string | undefined; readonly keep: boolean },
  context: VerbContext,
): Promise<void> {
  const [{ startStreams }, { replay }, { formatComparison }, { days, hours }, story] = await Promise.all([
    import('../../runtime/start-streams.ts'),
    import('../../replay/replay.ts'),
    import('../../replay/format-comparison.ts'),
    import('../../core/duration.ts'),
    import('../demo/page-counts.ts'),
  ])
  const { signal, time, isJson, out } = context
  const { counts, everyone, midnight, pageCounts, peopleOnly, visitsByHand } = story
  const tell = telling(context)
  const visits = story.madeUpVisits()
  const lastDay = midnight - days(1)
  const lastHour = midnight - hours(1)
  using place = workplace({ dir, keep })
  await using log = await context.openLog('create', place.log)

  await tell('Visits per page and hour. Those of bots should not count, but they do.', '')
  await log.producer().sendMany(story.visits, visits)
  await using v1 = await startStreams(pageCounts(everyone), { log, applicationId, signal })
  await v1.caughtUp()
  await tell(
    `v1 has counted ${number(visits.length)} visits of two days, up to ${time(midnight)}. It keeps running.`,
    'v2 leaves out bots. It counts the last day again, beside v1:',
    '',
  )
  const from = { time: lastDay }
  await using v2 = await replay(pageCounts(peopleOnly), { log, applicationId, version: 'v2', from, signal })
  await v2.caughtUp()
  const report = await v2.compare({ samples: 1 })
  await tell(...formatComparison(report).trimEnd().split('\n'), '')

  const answer = (): number => log.store(applicationId, counts).get('/', lastHour) ?? 0
  const before = answer()
  // Each of the two switches stops the version that leaves.
  const stopped = Promise.allSettled([v1.stopped, v2.stopped])
  const { topics } = await v2.switch({ outputs: 'correct' })
  const after = answer()
  const corrected = topics.reduce((sum, { records, recordsBefore }) => sum + records - recordsBefore, 0)
  let counted = 0
  for (const { key, value } of log.store(applicationId, counts).range()) {
    if (key.window.start >= lastDay) counted += value
  }
  await tell(
    'One transaction makes v2 the live version, and corrects the topic: a record for each count that was wrong.',
    `The last hour of /: ${before} visits with v1, ${after} with v2. Then back, as if it had been a mistake:`,
  )
  await log.admin.switchBack(applicationId)
  await stopped
  await using again = await startStreams(pageCounts(everyone), { log, applicationId, version: 'v1', signal })
  await again.caughtUp()
  const back = answer()
  await tell(`${back} visits with v1 again.`, '')

  const [withBots, people] = [everyone, peopleOnly].map((isCounted) => visitsByHand(visits, isCounted, lastDay))
  const nameOf = `${lastHour} /`
  const [all = 0, ofPeople = 0] = [withBots?.get(nameOf), people?.get(nameOf)]
  const differing = [...(people ?? [])].filter(([name, count]) => withBots?.get(name) !== count).length
  await showClaims(context, [
    { claim: 'last hour of /, v1', counted: before, byHand: all },
    { claim: 'last hour of /, v2', counted: after, byHand: ofPeople },
    { claim: 'last hour of /, v1 again', counted: back, byHand: all },
    {
      claim: 'visits of the last day, v2',
      counted,
      byHand: [...(people?.values() ?? [])].reduce((a, b) => a + b, 0),
    },
    { claim: 'counts that differ', counted: report.stores[0]?.different ?? 0, byHand: differing },
    { claim: 'counts that were corrected', counted: corrected, byHand: differing },
  ])
  if (keep && !isJson) await tell('', `kept: millrace ui --dir ${out.harmless(place.log)} shows it`)
}
