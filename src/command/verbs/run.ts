/**
 * `millrace run SCRIPT`: runs the topology that a script exports.
 */
import { argument, asText, flag, value } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'The script exports a topology, as "topology" or as its default export: one that a StreamsBuilder built, the ' +
    'builder itself, or a function that takes { log, applicationId } and returns either. It may also export ' +
    '"config" with options of startStreams; options on the command line override it. TypeScript needs no build: ' +
    'types are stripped, and not checked.\n\n' +
    'Runs until Ctrl-C, which commits what is done. Creates topics that are missing. If the application is ' +
    'already running, this instance takes over.',
  arguments: { script: argument('its path') },
  options: {
    app: value(
      '--app <id>',
      'the id of the application (default: that of the config, or the name of the script)',
      asText,
    ),
    version: value('--version <name>', 'the name of this version (default: the live one)', asText),
    watch: flag('--watch', 'restart when the script, or a file that it imports, changes'),
    untilEnd: flag('--until-end', 'process what is in the topics now, close all windows, and end'),
  },
  json: 'how it is doing, as a JSON object each second and at the end',
  examples: [
    { does: 'What is in the topics now', line: 'millrace run ./visits.ts --until-end' },
    {
      does: 'Under another name, and how it went',
      line: `millrace run ./visits.ts --app visits-2 --until-end --json | tail -n 1 | jq -c '[.state, .consumed, .dropped]'`,
    },
  ],
  async run({ script: path, app, version, untilEnd, watch }, context) {
    if (watch) {
      const { watchScript } = await import('../script/watch-script.ts')
      return watchScript(path, context)
    }
    const { runScript } = await import('../script/run-script.ts')
    const script = await (await context.scripts()).import(path, context)
    await runScript(script, { app, version, untilEnd }, context)
  },
})
