/**
 * `millrace replay switch APP VERSION`: makes a version beside the live one the live one.
 */
import { asText, argument, type Option, value } from '../options.ts'
import { outputsAre, resetsOf, switchByHand, switchOptions } from '../switching.ts'
import { UsageError } from '../exit-codes.ts'
import { declareVerb, type Verb } from '../verb.ts'
import type { SwitchOutputs } from '../../log/admin/switch-face.ts'

const outputsOption: Option<SwitchOutputs | undefined> = value(
  '--outputs <replace|continue|correct>',
  'what becomes of the topics that it writes; required',
  outputsAre,
)

export const verb: Verb = declareVerb({
  about:
    'The live version stops with "superseded". The other one catches up to exactly where it stopped, and one ' +
    'commit makes it the live version; its process goes on as that. If both are at the same place, neither needs ' +
    'to run.\n\n' +
    'replace: the topics of the new version take over the names. continue: the topics stay as they are, and the ' +
    'new version writes on. correct: topics of tables stay, and get a record for each key whose newest value ' +
    'differs.\n\n' +
    'The old version is kept: "millrace replay back" is the way back, until "millrace replay drop".',
  arguments: { application: argument('its id', asText), version: argument('the version to make live') },
  options: { outputs: outputsOption, ...switchOptions },
  json: 'what was done, or would be, as one JSON object',
  examples: [
    { does: 'What it would do', line: 'millrace replay switch page-counts v2 --outputs replace --dry-run' },
    { does: 'In a script', line: 'millrace replay switch page-counts v2 --outputs correct --yes' },
  ],
  async run({ application, version, outputs, reset, resetOutputs, patience, dryRun, yes }, context) {
    if (outputs === undefined)
      throw new UsageError('say what becomes of its topics: --outputs replace, continue or correct')
    return switchByHand(
      {
        application,
        dryRun,
        yes,
        act: ({ admin }, options) =>
          admin.switchVersion(application, version, {
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
