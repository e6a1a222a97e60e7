/**
 * `npm run bench -- [NAME]`: measures one figure, `all` of them, or the comparison with the hand-written limit loop.
 */
import { parseCommandLine, type Request, UsageError } from './command-line.ts'
import { optionMeanings, type OptionName } from './figure.ts'
import { figures } from './figures.ts'
import { machineLine, thisMachine } from './machine.ts'
import { Processes } from './processes.ts'
import { report } from './report.ts'

function list(json: boolean): void {
  for (const { name, about, defaults, parts } of figures) {
    const options = Object.entries(defaults).map(([option, number]) => `--${option} ${number}`)
    console.log(
      json ? JSON.stringify({ name, about, defaults, parts }) : `${name.padEnd(11)} ${about}; ${options.join(' ')}`,
    )
  }
  if (json) return
  console.log('all         every figure, one after the other')
  for (const [option, meaning] of Object.entries(optionMeanings)) console.log(`--${option}: ${meaning}`)
  for (const { name, parts } of figures) {
    if (parts.length > 0) console.log(`--only: parts of ${name}, again for each: ${parts.map(quoted).join(', ')}`)
  }
  console.log('--json, --markdown: other forms of the tables')
}

function quoted(part: string): string {
  return `'${part}'`
}

async function measure(request: Request): Promise<void> {
  const machine = thisMachine()
  if (request.format === 'json') console.log(JSON.stringify({ machine }))
  else console.log(`${machineLine(machine)}\n`)
  using bench = new Processes((text) => void process.stderr.write(`${text}\n`))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      bench[Symbol.dispose]()
      process.exit(1)
    })
  }
  for (const figure of request.figures) {
    const given = Object.entries(request.given).filter(([option]) => option in figure.defaults)
    const options = [
      ...given.map(([option, number]) => ` --${option} ${number}`),
      ...request.only.map((part) => ` --only ${quoted(part)}`),
    ]
    const tables = await figure.measure(bench, Object.fromEntries(given) as Record<OptionName, number>, request.only)
    console.log(report(request.format, figure, `npm run bench -- ${figure.name}${options.join('')}`, tables))
  }
}

try {
  const request = parseCommandLine(process.argv.slice(2))
  if (request.list) list(request.format === 'json')
  else await measure(request)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\nnpm run bench -- --list tells what there is`)
  process.exitCode = 2
}
