/**
 * `millrace replay twice SCRIPT`: runs the topology of a script two times over the same records.
 */
import { CommandFailed, exitCodes } from '../exit-codes.ts'
import { argument, asText, flag, value } from '../options.ts'
import { rangeBegin, rangeEnd } from '../range-places.ts'
import { oneOf } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'A replay and a comparison need a topology whose output follows from its input. This finds the first output ' +
    'record that does not, the operator it came from, and the usual cause. The log is only read; both runs have ' +
    'state of their own, which is thrown away.\n\n' +
    'Ends as diff does: with 0 if both runs gave the same, with 1 if they did not. A failure ends with 1 too, and ' +
    'prints nothing on standard output.',
  arguments: { script: argument('its path, as for "millrace run"') },
  options: {
    app: value('--app <id>', 'the application id that a function gets (default: as for "run")', asText),
    from: value(
      '--from <place>',
      'where the records begin: beginning, @TIME or @-AGE (default: beginning)',
      rangeBegin('beginning'),
    ),
    to: value(
      '--to <@time>',
      'end before the first records of this time or later (default: the end as it is now)',
      rangeEnd,
    ),
    effects: value(
      '--effects <run|skip>',
      'what to do with foreach and the calls of mapAsync; required if there are any',
      oneOf('run', 'skip'),
    ),
    withoutRestarts: flag(
      '--without-restarts',
      'leave out the restarts of the second run, which lose what is only in memory',
    ),
  },
  json: 'the report as one JSON object',
  examples: [
    { does: 'Over all records', line: 'millrace replay twice ./visits.ts' },
    { does: 'For a script', line: `millrace replay twice ./visits.ts --from @-1h --json | jq -c '[.same, .records]'` },
  ],
  async run({ script: path, app, from: begin, to: end, effects, withoutRestarts }, context) {
    const { dir, clock, out, signal } = context
    const [script, { configOf, applicationIdOf, topologyOf }, { ofRun }] = await Promise.all([
      (await context.scripts()).import(path, context),
      import('../script/script-exports.ts'),
      import('../script/script-error.ts'),
    ])
    const config = configOf(script)
    const { twice, formatTwice } = await script.testing()
    try {
      await using log = await script.library.openLog(dir, { clock, readOnly: true })
      const topology = await topologyOf(script, { log, applicationId: applicationIdOf(path, config, app) })
      const running = twice(topology, {
        log,
        from: begin,
        to: end,
        effects,
        onError: config.onError,
        restarts: !withoutRestarts,
        clock,
      })
      const report = await Promise.race([running, script.failed, stopped(signal)])
      if (out.isJson) await out.facts(report, [])
      else {
        out.add(`${formatTwice(report).trimEnd()}\n`)
        await out.flush()
      }
      return report.same ? exitCodes.done : exitCodes.failed
    } catch (error) {
      throw ofRun(error)
    }
  },
})

function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new CommandFailed('the two runs were stopped before they ended'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
  })
}
