/**
 * `millrace describe SCRIPT`: shows the topology that a script exports.
 */
import { existsSync } from 'node:fs'
import { escapedLines } from '../../core/escaped.ts'
import type { Log } from '../../log/face.ts'
import { dataFileOf } from '../../storage/directory.ts'
import { CommandFailed } from '../exit-codes.ts'
import { argument, asText, flag, value } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Shows sub-topologies, operators, topics and stores, and what feeds what. Starts nothing, and needs no ' +
    'directory. A function that the script exports gets the log of the directory, read-only, if there is one.',
  arguments: { script: argument('its path; see "millrace run --help" for what it exports') },
  options: {
    mermaid: flag('--mermaid', 'a flowchart that Markdown pages can draw'),
    app: value('--app <id>', 'the application id that a function gets (default: as for run)', asText),
  },
  json: 'the topology as one JSON object',
  examples: [
    { does: 'As text', line: 'millrace describe ./visits.ts' },
    { does: 'A flowchart for a page', line: 'millrace describe ./visits.ts --mermaid' },
    {
      does: 'Its stores',
      line: `millrace describe ./visits.ts --json | jq -c '[.subTopologies[].nodes[].stores[]?]'`,
    },
  ],
  async run({ script: path, mermaid, app }, context) {
    const { applicationIdOf, configOf, isBuiltByFunction, topologyOf } = await import('../script/script-exports.ts')
    const { dir, out, clock } = context
    const script = await (await context.scripts()).import(path, context)
    const logThere = (): Promise<Log> | undefined =>
      existsSync(dataFileOf(dir)) ? script.library.openLog(dir, { clock, readOnly: true }) : undefined
    const applicationId = applicationIdOf(path, configOf(script), app)
    await using log = isBuiltByFunction(script) ? await logThere() : undefined
    const topology = await topologyOf(script, {
      applicationId,
      get log() {
        if (log !== undefined) return log
        throw new CommandFailed(`${path}: its function asks for the log, and ${dir} holds none: name one with --dir`)
      },
    })
    if (out.isJson) return await out.facts(topology.describe({ format: 'json' }), [])
    const text = topology.describe({ format: mermaid ? 'mermaid' : 'text' })
    out.add(out.isTerminal ? escapedLines(text) : text)
    await out.flush()
  },
})
