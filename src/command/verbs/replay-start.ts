/**
 * `millrace replay start SCRIPT VERSION`: replays the topology of a script as a version beside the live one.
 */
import { argument, asText, flag, value, values } from '../options.ts'
import { rangeBegin, rangeEnd } from '../range-places.ts'
import { oneOf, pair } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Takes a script as "millrace run" does. Its topology reads the history of its topics beside the live version, ' +
    'and never past it, with positions, state and hidden topics of its own. Then it follows the live version ' +
    'until Ctrl-C, which commits what is done, or until --to. Started again, it goes on from where it was, with ' +
    'the range that it began with. "millrace replay status" says how far it is; "millrace replay compare" and ' +
    '"switch" come next.',
  arguments: { script: argument('its path'), version: argument('the name of the version') },
  options: {
    app: value(
      '--app <id>',
      'the id of the application (default: that of the config, or the name of the script)',
      asText,
    ),
    from: value(
      '--from <place>',
      'where it begins: beginning, @TIME, @-AGE, or live, with a copy of the live state (default: beginning)',
      rangeBegin('beginning', 'live'),
    ),
    to: value('--to <@time>', 'stop before the first records of this time or later (default: follow)', rangeEnd),
    effects: value(
      '--effects <run|skip>',
      'what to do with foreach, peek with effects and mapAsync; required if there are any',
      oneOf('run', 'skip'),
    ),
    output: values('--output <topic=other>', 'write an output to a topic of yours', pair),
    untilCaughtUp: flag('--until-caught-up', 'end when it has caught up with the live version'),
  },
  json: 'how far it is, as a JSON object each second and at the end',
  examples: [
    {
      does: 'From the beginning, until it has caught up',
      line: 'millrace replay start ./visits.ts v4 --app page-counts --until-caught-up',
    },
    {
      does: 'Only three minutes of it',
      line: 'millrace replay start ./visits.ts v4 --app page-counts --from @2025-03-04T07:55 --to @2025-03-04T07:58',
    },
  ],
  async run({ script: path, version, app, from: begin, to: end, effects, output, untilCaughtUp }, context) {
    const { replayScript } = await import('../script/replay-script.ts')
    const script = await (await context.scripts()).import(path, context)
    const outputs = output.length === 0 ? undefined : Object.fromEntries(output)
    await replayScript(script, { app, version, from: begin, to: end, effects, outputs, untilCaughtUp }, context)
  },
})
