/**
 * The files of a new project: those of template/, which are checked and tested like all others, and a package.json.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { dependedOn } from './project-name.ts'

/** As seen from here, in the sources and in the package: both keep this file as deep. */
const packageRoot = new URL('../../../', import.meta.url)

/** Files of a project, and those of template/: npm packs no .gitignore, and a tsconfig.json would rule there. */
const copied: readonly (readonly [path: string, from: string])[] = [
  ['tsconfig.json', 'project.tsconfig.json'],
  ['.gitignore', 'gitignore'],
  ['README.md', 'project.md'],
  ['src/topology.ts', 'src/topology.ts'],
  ['src/topology.test.ts', 'src/topology.test.ts'],
]

export interface ProjectFile {
  /** From the directory of the project, with `/`. */
  readonly path: string
  readonly text: string
}

/** @param millrace what package.json says of it; undefined for the version that this is */
export function projectFiles(name: string, millrace: string | undefined): readonly ProjectFile[] {
  const files = copied.map(([path, from]) => ({
    path,
    text: read(`template/${from}`).replace(/^# PROJECT$/m, `# ${name}`),
  }))
  return [{ path: 'package.json', text: packageJson(name, millrace) }, ...files]
}

function packageJson(name: string, millrace: string | undefined): string {
  const own = JSON.parse(read('package.json')) as {
    readonly version: string
    readonly engines: { readonly node: string }
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const tools = [...dependedOn.filter((one) => one !== 'millrace'), '@types/node'].toSorted()
  const content = {
    name,
    private: true,
    type: 'module',
    engines: own.engines,
    scripts: {
      start: 'millrace run src/topology.ts',
      test: 'tsx --test src/*.test.ts',
      types: 'tsc',
    },
    dependencies: { millrace: millrace ?? `^${own.version}` },
    devDependencies: Object.fromEntries(tools.map((tool) => [tool, own.devDependencies[tool]])),
  }
  return `${JSON.stringify(content, null, 2)}\n`
}

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, packageRoot)), 'utf8')
}
