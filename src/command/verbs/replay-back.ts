/**
 * `millrace replay back APP`: makes the version that was live before the last switch the live one again.
 */
import { argument, asText, value } from '../options.ts'
import { outputsAre, resetsOf, switchByHand, switchOptions } from '../switching.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'The same as "millrace replay switch", the other way. After replace, its topics take their names back, and it ' +
    'goes on from where it stopped. After continue or correct, it must have read what the live one has read: ' +
    'start it with "millrace replay start" first, unless nothing has come in since.',
  arguments: { application: argument('its id') },
  options: {
    to: value('--to <version>', 'another version that was live before', asText),
    outputs: value(
      '--outputs <replace|continue|correct>',
      'what becomes of the topics (default: correct after a switch with correct, else replace)',
      outputsAre,
    ),
    ...switchOptions,
  },
  json: 'what was done, or would be, as one JSON object',
  examples: [
    { does: 'What it would do', line: 'millrace replay back invoices --dry-run' },
    { does: 'In a script', line: 'millrace replay back invoices --yes' },
  ],
  async run({ application, to, outputs, reset, resetOutputs, patience, dryRun, yes }, context) {
    return switchByHand(
      {
        application,
        dryRun,
        yes,
        act: ({ admin }, options) =>
          admin.switchBack(application, {
            version: to,
            outputs,
            reset: resetsOf(reset, resetOutputs),
            patienceMs: patience,
            ...options,
          }),
      },
      context,
    )
  },
})
