// Runs the modules that are named on the command line as examples, each in a directory of its own below the current one, and
// leaves what failed in failures.json: by module, the message.
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { World } from '../../docs/example-world.ts'

const dir = process.cwd()
const failures: Record<string, string> = {}
for (const path of process.argv.slice(2)) {
  const name = basename(path)
  console.error(name)
  mkdirSync(join(dir, 'runs', name), { recursive: true })
  process.chdir(join(dir, 'runs', name))
  try {
    const { default: example } = (await import(pathToFileURL(path).href)) as { default: Parameters<World['run']>[0] }
    await new World().run(example)
  } catch (error) {
    failures[name] = String(error)
  }
}
writeFileSync(join(dir, 'failures.json'), JSON.stringify(failures))
