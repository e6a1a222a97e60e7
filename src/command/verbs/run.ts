/**
 * `millrace run SCRIPT`: runs the topology that a script exports.
 */
import { argument, asText, flag, value } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'The script exports a topology, as "topology" or as its default: what a StreamsBuilder builds, the builder itself, or ' +
    'a function that is given { log, applicationId } and returns one. It may export "config" too, with options of ' +
    'startStreams; options of this command beat it. TypeScript needs no build: types are taken out, and not checked.\n\n' +
    'Goes on until Ctrl-C, which commits what is done. Topics that are missing are created. Where the application runs ' +
    'already, this instance takes over.',
  arguments: { script: argument('its path') },
  options: {
    app: value('--app <id>', 'what the application is called (default: the config, or the name of the script)', asText),
    version: value('--version <name>', 'which version this is (default: the live one)', asText),
    watch: flag('--watch', 'start again when the script changes, or a file that it imports'),
    untilEnd: flag('--until-end', 'work off what is in the topics now, close all windows, and end'),
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
