/**
 * The command against a program that does the same, and its start against that of bare Node.
 */
import { packedCommandIn } from '../../test/support/compiling.ts'
import { figure } from '../figure.ts'
import type { Sides, Taken } from '../jobs/command.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

export const command = figure({
  name: 'command',
  about: 'the millrace command: lines in, records out, and its start',
  reading:
    'Clicks in JSON of 90 bytes. `produce` of a file against `sendMany` of the same values, 10,000 a commit; `consume -e` to ' +
    '/dev/null against a loop that decodes the same records. The command is a process with its start, the program a loop ' +
    'without. Ratios are of CPU time, which neighbours on the machine change least. Starts are in ms of CPU, alternating.',
  defaults: { records: 1_000_000, runs: 3, commits: 20 },
  async measure(bench, { records, runs, commits }) {
    const main = packedCommandIn(bench.directory('compiled'))
    const lines: Sides[] = []
    const jsonLines: Sides[] = []
    const reads: Sides[] = []
    for (let run = 0; run < runs; run++) {
      bench.progress(`command: run ${run + 1} of ${runs}`)
      lines.push(await bench.run('command produce', { main, dir: bench.directory('lines'), records, isJson: false }))
      jsonLines.push(await bench.run('command produce', { main, dir: bench.directory('lines'), records, isJson: true }))
      reads.push(await bench.run('command consume', { main, dir: bench.directory('clicks'), records }))
    }
    const taken = await bench.run('command starts', { main, dir: bench.directory('starts'), runs: commits })
    const bare = cpuMs(taken['node -e 0'] ?? [])
    return [
      {
        title: `${records} records, ${runs} runs`,
        columns: ['job', 'program, records/s of CPU', 'command, records/s of CPU', 'ratio', 'aim'],
        rows: [
          sideRow('produce, bytes', lines, records, 0.4),
          sideRow('produce, JSON', jsonLines, records, 0.4),
          sideRow('consume -e', reads, records, 0.3),
        ],
      },
      {
        title: `starts, ${commits} of each`,
        columns: ['process', 'ms of CPU', 'times node -e 0', 'aim'],
        rows: Object.entries(taken).map(([name, all]) => [name, spreadOf(all.map(ms)), cpuMs(all) / bare, aimOf(name)]),
      },
    ]
  },
})

const ms = ({ cpuSeconds }: Taken): number => cpuSeconds * 1_000
const cpuMs = (all: readonly Taken[]): number => spreadOf(all.map(ms)).median

function sideRow(name: string, both: readonly Sides[], records: number, aim: number): Cell[] {
  const rates = (side: keyof Sides): number[] => both.map((one) => records / one[side].cpuSeconds)
  const ratio = spreadOf(both.map(({ command, program }) => program.cpuSeconds / command.cpuSeconds))
  return [name, spreadOf(rates('program')), spreadOf(rates('command')), ratio, `≥ ${aim}`]
}

function aimOf(name: string): string {
  if (name.startsWith('node')) return '–'
  return name.endsWith('--help') ? '≤ 2.5' : '≤ 4'
}
