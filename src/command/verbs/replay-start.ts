/**
 * `millrace replay start SCRIPT VERSION`: replays the topology of a script as a version beside the live one.
 */
import { argument, asText, flag, value, values } from '../options.ts'
import { rangeBegin, rangeEnd } from '../range-places.ts'
import { oneOf, pair } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'The script is one as for "millrace run". Its topology reads the history of its topics beside the live version, and ' +
    'never past it, on positions, state and hidden topics of its own. Then it follows, until Ctrl-C, which commits what ' +
    'is done; or until it has come to --to. Started again it goes on where it was, with the range that it began with. ' +
    'See "millrace replay status" for how far it is, and "millrace replay compare" and "switch" for what comes next.',
  arguments: { script: argument('its path'), version: argument('what the version is called') },
  options: {
    app: value('--app <id>', 'what the application is called (default: the config, or the name of the script)', asText),
    from: value(
      '--from <place>',
      'where it begins: beginning, @TIME, @-AGE, or live, with a copy of the live state (default: beginning)',
      rangeBegin('beginning', 'live'),
    ),
    to: value('--to <@time>', 'stop before the first records of at least this time (default: follow)', rangeEnd),
    effects: value(
      '--effects <run|skip>',
      'what becomes of foreach, peek with effects and mapAsync; has to be said where there are any',
      oneOf('run', 'skip'),
    ),
    output: values('--output <topic=other>', 'an output that goes to a topic of yours', pair),
    untilCaughtUp: flag('--until-caught-up', 'end when it has come to where the live version is'),
  },
  json: 'how far it is, as a JSON object each second and at the end',
  examples: [
    {
      does: 'From the beginning, and compare',
      line: 'millrace replay start ./visits.ts v4 --app page-counts --until-caught-up',
    },
    {
      does: 'From the start of an hour on',
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
