// The command line: `npm run conformance [-- DIR]` runs all cases under a folder, the repository's own by default.
import { fileURLToPath } from 'node:url'
import { report } from './report.ts'

const [dir = fileURLToPath(new URL('cases', import.meta.url))] = process.argv.slice(2)

const allWell = report(dir, (line) => void process.stdout.write(`${line}\n`))
process.exitCode = allWell ? 0 : 1
